/* SPDX-License-Identifier: MIT */
/* What the models of kqueue and of event ports ask Linux about a descriptor: both are made of epoll
 * sets, of which dup() and fcntl() make further numbers. */
#ifndef TEST_SAME_FILE_H
#define TEST_SAME_FILE_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Whether it is an epoll set. */
static inline bool is_epoll(int fd)
{
    char path[64];
    char target[64] = "";
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return readlink(path, target, sizeof target - 1) > 0 &&
           strcmp(target, "anon_inode:[eventpoll]") == 0;
}

/* Whether two numbers are of one open file. */
static inline bool same_file(int a, int b)
{
    enum { KCMP_FILE_TYPE = 0 };
    pid_t self = getpid();
    return syscall(SYS_kcmp, self, self, KCMP_FILE_TYPE, a, b) == 0;
}

#endif
