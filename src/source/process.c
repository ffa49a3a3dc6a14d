/* SPDX-License-Identifier: MIT */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* waitid */
#endif

#include "../os/descriptor.h"
#include "../poll/registry.h"
#include "../poll/source.h"
#include "child_watch.h"
#include "process_fd.h"

#include <mio/process.h>

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The bits of `state`. */
enum {
    PROCESS_OPEN = 1,
    PROCESS_IS_OURS = 2,  /* the library is to wait for it */
    PROCESS_IS_KNOWN = 4, /* and has: `ending` is the exit code, or the signal below 0 */
    PROCESS_DUMPED_CORE = 8
};

/* --- watching --- */

static bool exists(int pid)
{
    return mio__process_fd_kill(MIO_INVALID_FD, pid, 0) != -ESRCH;
}

/* Without a descriptor, for this reason. The event may be handed out, and the process may be
 * another thread's, when this returns 0. */
static int watch_by_signal(struct mio_process *process, const struct mio_registry *registry,
                           mio_token token, int reason)
{
    if (mio__child_ask(process->pid) == MIO_CHILD_IS_NONE)
        return reason == -ENOTSUP && exists(process->pid) ? -ENOTSUP : -ESRCH;
    return mio__child_watch_new(registry->selector, token, process->pid, &process->child);
}

static int watch_by_descriptor(struct mio_process *process, struct mio_registry *registry,
                               mio_token token, mio_fd fd)
{
    process->source.fd = fd;
    int error = mio_source_register(&process->source, registry, token, MIO_READABLE | MIO_ONESHOT);
    return error < 0 ? mio__fd_give_up(fd, error) : 0;
}

static int watch_process(struct mio_process *process, struct mio_registry *registry,
                         mio_token token, int32_t pid, unsigned state)
{
    int error = process && pid > 0 ? mio__registry_check(registry) : -EINVAL;
    if (error < 0)
        return error;
    if ((state & PROCESS_IS_OURS) != 0 && mio__child_ask(pid) == MIO_CHILD_IS_NONE)
        return -ESRCH;
    mio_fd fd = mio__process_fd_open(pid);
    bool has_none = fd == -ENOTSUP || fd == -ESRCH;
    if (fd < 0 && !has_none)
        return fd;
    struct mio_process before;
    memcpy(&before, process, sizeof before);
    *process = (struct mio_process){
        .pid = pid, .parent = (int32_t)getpid(), .state = state | PROCESS_OPEN};
    mio_source_init(&process->source, MIO_INVALID_FD);
    error = has_none ? watch_by_signal(process, registry, token, fd)
                     : watch_by_descriptor(process, registry, token, fd);
    if (error < 0)
        memcpy(process, &before, sizeof before);
    return error;
}

int mio_process_watch(struct mio_process *process, struct mio_registry *registry, mio_token token,
                      int32_t pid)
{
    return watch_process(process, registry, token, pid, 0);
}

int mio_process_watch_child(struct mio_process *process, struct mio_registry *registry,
                            mio_token token, int32_t pid)
{
    return watch_process(process, registry, token, pid, PROCESS_IS_OURS);
}

/* --- asking, killing --- */

/* A child of a fork has no children yet, and what it has inherited is its parent's. */
static bool is_inherited(const struct mio_process *process)
{
    return process->parent != (int32_t)getpid();
}

static int check_process(const struct mio_process *process)
{
    if (!process || (process->state & PROCESS_OPEN) == 0)
        return -EINVAL;
    return is_inherited(process) ? -ECHILD : 0;
}

/* A kqueue may tell of the end a moment before the status is there: that is waited for. */
static int wait_options(const struct mio_process *process)
{
    mio_fd fd = process->source.fd;
    bool has_ended = fd != MIO_INVALID_FD && mio__process_fd_has_ended(fd);
    bool is_ours = (process->state & PROCESS_IS_OURS) != 0;
    return WEXITED | (has_ended ? 0 : WNOHANG) | (is_ours ? 0 : WNOWAIT);
}

static void tell_ending(uint32_t state, int32_t ending, struct mio_exit_status *status)
{
    *status = (struct mio_exit_status){.exit_code = ending < 0 ? -1 : ending,
                                       .signo = ending < 0 ? -ending : 0,
                                       .dumped_core = (state & PROCESS_DUMPED_CORE) != 0};
}

int mio_process_status(struct mio_process *process, struct mio_exit_status *status)
{
    int error = status ? check_process(process) : -EINVAL;
    if (error < 0)
        return error;
    if ((process->state & PROCESS_IS_KNOWN) != 0) {
        tell_ending(process->state, process->ending, status);
        return 0;
    }
    siginfo_t info = {.si_pid = 0};
    error = mio__process_fd_wait(process->source.fd, process->pid, &info, wait_options(process));
    if (error < 0)
        return error == -ECHILD ? -ESRCH : error;
    if (info.si_pid == 0)
        return -EAGAIN;
    int32_t ending = info.si_code == CLD_EXITED ? info.si_status : -info.si_status;
    uint32_t state = info.si_code == CLD_DUMPED ? PROCESS_DUMPED_CORE : 0;
    if ((process->state & PROCESS_IS_OURS) != 0) {
        process->state |= state | PROCESS_IS_KNOWN;
        process->ending = ending;
    }
    tell_ending(state, ending, status);
    return 0;
}

int mio_process_kill(struct mio_process *process, int signo)
{
    int error = check_process(process);
    if (error < 0)
        return error;
    if ((process->state & PROCESS_IS_KNOWN) != 0)
        return -ESRCH;
    return mio__process_fd_kill(process->source.fd, process->pid, signo);
}

/* --- closing --- */

/* The descriptor of a kqueue is not inherited: its number may be another file's in the child. */
static int close_source(struct mio_process *process)
{
    if (!is_inherited(process) || mio__process_fd_is_inherited())
        return mio_source_close(&process->source);
    mio__source_forget_the_parents(&process->source);
    process->source.fd = MIO_INVALID_FD;
    return 0;
}

int mio_process_close(struct mio_process *process)
{
    if (!process)
        return -EINVAL;
    if ((process->state & PROCESS_OPEN) == 0)
        return -EBADF;
    int error = 0;
    if (process->child)
        mio__child_watch_free(process->child);
    else
        error = close_source(process);
    process->child = NULL;
    process->state = 0;
    return error;
}
