/* SPDX-License-Identifier: MIT */
/*
 * EVFILT_PROC: the end of a process.
 *
 * The knote has a pidfd of its own, which is in the inner epoll of its kqueue and tells of the end.
 * Linux tells nobody of a fork, an exec, or the children of a process: who asks for these is
 * refused loudly. The status is that which the parent may wait for; of a process that is no child
 * of this one it is 0.
 */
#define _GNU_SOURCE

#include "kqmodel_inner.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum {
    TRACK = 1, /* NOTE_TRACK, which macOS refuses and does not name any more */
    PIDFD_OPEN = 434,
    WAIT_BY_PIDFD = 3,
    CORE_FLAG = 0x80,
    STATUS_MASK = 0xffff
};

static bool has_ended(int pidfd)
{
    struct pollfd ask = {.fd = pidfd, .events = POLLIN};
    return poll(&ask, 1, 0) == 1;
}

/* As wait(2) gives it. */
static int status_of(int pidfd)
{
    siginfo_t info = {.si_pid = 0};
    int saved = errno;
    int result = waitid((idtype_t)WAIT_BY_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG | WNOWAIT);
    errno = saved;
    if (result != 0 || info.si_pid == 0)
        return 0;
    if (info.si_code == CLD_EXITED)
        return (info.si_status & 0xff) << 8;
    return info.si_status | (info.si_code == CLD_DUMPED ? CORE_FLAG : 0);
}

static bool asks_for_exit(const struct knote *knote)
{
    return (knote->asked_fflags & NOTE_EXIT) != 0;
}

/* What is asked for beside the end. */
static int check_asked(const struct knote *knote)
{
    unsigned modelled = (unsigned)NOTE_EXIT | flavour.note_exit_status;
    unsigned others = knote->asked_fflags & ~modelled;
    if ((others & TRACK) != 0 && flavour.track_error != 0)
        return flavour.track_error;
    if (others != 0)
        model_abort("fflags 0x%x of a process are not modelled", others);
    return 0;
}

static int open_process(uintptr_t pid, int *error)
{
    long pidfd = pid > INT_MAX ? -1 : syscall(PIDFD_OPEN, (int)pid, 0);
    *error = ESRCH;
    if (pidfd < 0 && pid <= INT_MAX && errno != ESRCH && errno != EINVAL)
        model_abort("process %d cannot be watched: errno %d", (int)pid, errno);
    if (pidfd < 0)
        return -1;
    return out_of_the_way(pidfd);
}

int process_attach(struct knote *knote)
{
    int error = check_asked(knote);
    if (error != 0)
        return error;
    int pidfd = open_process(knote->ident, &error);
    if (pidfd < 0)
        return error;
    knote->own_fd = pidfd;
    if (has_ended(pidfd) && (flavour.zombie_error != 0 || !asks_for_exit(knote)))
        return ESRCH;
    knote->flags |= EV_CLEAR;
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data = {.fd = pidfd}};
    return epoll_ctl(knote->kq->fd, EPOLL_CTL_ADD, pidfd, &event) == 0 ? 0 : errno;
}

bool process_is_over(struct knote *knote)
{
    if (!has_ended(knote->own_fd) || !(asks_for_exit(knote) || flavour.exit_is_told_unasked))
        return false;
    if ((knote->fflags & NOTE_EXIT) != 0)
        return true;
    bool tells_status =
        flavour.exit_has_status || (knote->asked_fflags & flavour.note_exit_status) != 0;
    knote->flags |= EV_EOF | EV_ONESHOT | flavour.flag_no_data;
    knote->fflags = (unsigned)NOTE_EXIT | (knote->asked_fflags & flavour.note_exit_status);
    knote->data = tells_status ? status_of(knote->own_fd) & STATUS_MASK : 0;
    return true;
}
