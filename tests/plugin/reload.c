/* SPDX-License-Identifier: MIT */
/* LIFE4: a library that is unloaded leaves nothing: no memory, no fork handler, no descriptor.
 *
 *   reload PLUGIN
 */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = 12, SETTLED = 3, UNABLE = 77 };

/* Bytes of the address space in use, the heap and the stack aside; 0 when nobody tells. */
static unsigned long mapped(void)
{
    char line[512];
    unsigned long total = 0;
    FILE *file = fopen("/proc/self/maps", "re");
    while (file && fgets(line, sizeof line, file)) {
        unsigned long start;
        unsigned long end;
        if (sscanf(line, "%lx-%lx", &start, &end) == 2 && !strstr(line, "[heap]") &&
            !strstr(line, "[stack]"))
            total += end - start;
    }
    if (file)
        fclose(file);
    return total;
}

/* 0, or what was wrong; -1 when the plugin cannot be unloaded here. */
static int reload(const char *path)
{
    void *plugin = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!plugin) {
        printf("%s\n", dlerror());
        return 10;
    }
    int (*use)(void);
    void *symbol = dlsym(plugin, "use_plugin");
    memcpy(&use, &symbol, sizeof use);
    int wrong = symbol ? use() : 11;
    if (dlclose(plugin) != 0)
        return 12;
    void *still = dlopen(path, RTLD_NOW | RTLD_NOLOAD);
    if (still)
        return -1; /* musl never unloads */
    /* No handler of what is gone is called. */
    int status = -1;
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
        return 13;
    return wrong;
}

int main(int argc, char **argv)
{
    unsigned long before = 0;
    for (int round = 0; argc > 1 && round < ROUNDS; round++) {
        int wrong = reload(argv[1]);
        if (wrong < 0)
            return UNABLE;
        if (wrong > 0) {
            printf("round %d: step %d\n", round, wrong);
            return 1;
        }
        if (round == SETTLED)
            before = mapped();
    }
    unsigned long after = mapped();
    printf("%lu bytes mapped after %d rounds, %lu after %d\n", before, SETTLED, after, ROUNDS);
    return after == before ? 0 : 1;
}
