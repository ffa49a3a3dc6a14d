/* SPDX-License-Identifier: MIT */
/* Descriptors that become readable when a process has ended. */
#ifndef MIO_SRC_SOURCE_PROCESS_FD_H
#define MIO_SRC_SOURCE_PROCESS_FD_H

#include <mio/types.h>

#include <signal.h>
#include <stdbool.h>

/*
 * Such a descriptor, or -errno. -ENOTSUP: there is none, here or in this sandbox. -ESRCH: there is
 * no such process, or it has ended and the kernel does not watch it any more. Closed on exec.
 */
mio_fd mio__process_fd_open(int pid);

/* Whether the descriptor says that the process has ended. */
bool mio__process_fd_has_ended(mio_fd fd);

/* As waitid(2) of this process: 0 or -errno. `fd` may be MIO_INVALID_FD. */
int mio__process_fd_wait(mio_fd fd, int pid, siginfo_t *info, int options);

/* Sends the process a signal; `fd` may be MIO_INVALID_FD. 0 or -errno. */
int mio__process_fd_kill(mio_fd fd, int pid, int signo);

/* Whether the children of a fork have got the descriptor. */
bool mio__process_fd_is_inherited(void);

#endif
