/* SPDX-License-Identifier: MIT */
/* Which numbers of this process are open, found out in one system call: what closes a descriptor in
 * a model looks for the others of its file each time. */
#ifndef TEST_OPEN_DESCRIPTORS_H
#define TEST_OPEN_DESCRIPTORS_H

#include <poll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { OPEN_DESCRIPTORS_AT_MOST = 1024 };

/* The open numbers below 1024, and below the process's limit. */
struct open_descriptors {
    int count;
    int numbers[OPEN_DESCRIPTORS_AT_MOST];
};

/* By the system call itself, since libc's poll() may be a model's. */
static inline void open_descriptors_look(struct open_descriptors *open)
{
    struct pollfd asked[OPEN_DESCRIPTORS_AT_MOST];
    long at_once[2] = {0, 0};
    struct rlimit limit;
    int end = OPEN_DESCRIPTORS_AT_MOST;
    open->count = 0;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < OPEN_DESCRIPTORS_AT_MOST)
        end = (int)limit.rlim_cur;
    for (int fd = 0; fd < end; fd++)
        asked[fd] = (struct pollfd){.fd = fd, .events = 0};
    if (syscall(SYS_ppoll, asked, (unsigned)end, at_once, NULL, 0L) < 0)
        return;
    for (int fd = 0; fd < end; fd++) {
        if ((asked[fd].revents & POLLNVAL) == 0)
            open->numbers[open->count++] = fd;
    }
}

#endif
