/* SPDX-License-Identifier: MIT */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* waitid */
#endif

#include "child_watch.h"

#include "../os/memory.h"
#include "signal_handler.h"

#include <errno.h>
#include <stddef.h>
#include <sys/wait.h>

struct mio__child_watch {
    struct mio__wake_node node;         /* first */
    struct mio__signal_watcher watcher; /* of SIGCHLD */
    struct mio_selector *selector;      /* held */
    int pid;
    atomic_int is_told; /* its one event has been pushed */
};

/* The call is one that a signal handler may make. */
enum mio__child_state mio__child_ask(int pid)
{
    int saved = errno;
    siginfo_t info = {.si_pid = 0};
    int result;
    do
        result = waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT);
    while (result < 0 && errno == EINTR);
    errno = saved;
    if (result < 0)
        return MIO_CHILD_IS_NONE;
    return info.si_pid != 0 ? MIO_CHILD_HAS_ENDED : MIO_CHILD_RUNS;
}

/* One that somebody else has waited for has ended too. Once the node is pushed its event may be
 * handed out, and the watch may go. */
static void tell_if_ended(struct mio__child_watch *watch)
{
    if (atomic_load(&watch->is_told) || mio__child_ask(watch->pid) == MIO_CHILD_RUNS)
        return;
    if (!atomic_exchange(&watch->is_told, true))
        (void)mio__wake_queue_push(&watch->selector->wakes, &watch->node);
}

static void hear_of_child(struct mio__signal_watcher *watcher, const siginfo_t *info)
{
    (void)info;
    char *start = (char *)watcher - offsetof(struct mio__child_watch, watcher);
    tell_if_ended((struct mio__child_watch *)(void *)start);
}

static void release_child_watch(struct mio__wake_node *node)
{
    const struct mio__child_watch *watch = (const struct mio__child_watch *)node;
    mio__release(&watch->selector->config.allocator, node, sizeof *watch);
}

/* The signal may have come before it was watched. The selector is held meanwhile, whoever gets the
 * event. */
int mio__child_watch_new(struct mio_selector *selector, mio_token token, int pid, void **watch)
{
    const struct mio_allocator *allocator = &selector->config.allocator;
    struct mio__child_watch *made = mio__allocate(allocator, sizeof *made);
    if (!made)
        return -ENOMEM;
    int error = mio__selector_join(selector, &made->node, token, release_child_watch);
    if (error < 0) {
        mio__release(allocator, made, sizeof *made);
        return error;
    }
    made->watcher.guard = &selector->fork_guard;
    made->watcher.tell = hear_of_child;
    made->selector = selector;
    made->pid = pid;
    *watch = made;
    error = mio__signal_watch(SIGCHLD, &made->watcher);
    if (error < 0) {
        *watch = NULL;
        mio__release(allocator, made, sizeof *made);
        mio__selector_release(selector);
        return error;
    }
    struct mio_selector *held = mio__selector_try_clone(selector);
    tell_if_ended(made);
    mio__selector_release(held);
    return 0;
}

void mio__child_watch_free(struct mio__child_watch *watch)
{
    struct mio_selector *selector = watch->selector;
    mio__signal_unwatch(SIGCHLD, &watch->watcher);
    if (mio__wake_queue_abandon(&watch->node))
        release_child_watch(&watch->node);
    mio__selector_release(selector);
}
