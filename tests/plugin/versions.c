/* SPDX-License-Identifier: MIT */
/* Plugins with a libmio of their own each, of different versions, in a program that has a third
 * one: each calls its own, however their names are resolved.
 *
 *   versions PLUGIN PLUGIN
 */
#include <mio.h>

#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* What a function of the plugin returns, without arguments; -1 when it has none of that name. */
static int call(void *plugin, const char *name)
{
    int (*function)(void);
    void *symbol = dlsym(plugin, name);
    if (!symbol)
        return -1;
    memcpy(&function, &symbol, sizeof function);
    return function();
}

static bool calls_its_own(const char *path, void *plugin)
{
    int compiled = call(plugin, "compiled_version");
    int called = call(plugin, "called_version");
    int failed = call(plugin, "use_plugin");
    printf("%s: compiled with %d, calls %d, step that failed: %d\n", path, compiled, called,
           failed);
    return compiled == called && failed == 0;
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    void *plugins[2];
    for (int i = 0; i < 2; i++) {
        plugins[i] = dlopen(argv[i + 1], RTLD_NOW | RTLD_GLOBAL);
        if (!plugins[i]) {
            printf("%s\n", dlerror());
            return 1;
        }
    }
    bool right = mio_version() == MIO_VERSION;
    for (int i = 0; i < 2; i++)
        right = calls_its_own(argv[i + 1], plugins[i]) && right;
    bool differ = call(plugins[0], "called_version") != call(plugins[1], "called_version");
    return right && differ ? 0 : 1;
}
