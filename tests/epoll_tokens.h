/* SPDX-License-Identifier: MIT */
/* The tokens of an epoll set, as /proc tells them. */
#ifndef TEST_EPOLL_TOKENS_H
#define TEST_EPOLL_TOKENS_H

#include <mio/types.h>

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* That of the only entry that is for none of `count` descriptors. 0: /proc tells of none, or tokens
 * are shorter than what epoll has. */
static inline mio_token epoll_token_of_other(int epoll, const int *fds, size_t count)
{
    char path[64];
    char line[200];
    mio_token found = 0;
    snprintf(path, sizeof path, "/proc/self/fdinfo/%d", epoll);
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file)) {
        int number;
        unsigned events;
        unsigned long long data;
        size_t i = 0;
        if (sscanf(line, "tfd: %d events: %x data: %llx", &number, &events, &data) != 3)
            continue;
        while (i < count && fds[i] != number)
            i++;
        if (i == count)
            found = (mio_token)data;
    }
    if (file)
        fclose(file);
    return UINTPTR_MAX > UINT32_MAX ? found : 0;
}

#endif
