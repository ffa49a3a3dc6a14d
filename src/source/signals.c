/* SPDX-License-Identifier: MIT */
/*
 * A set of signals: a node of its poll's wake queue, and a watcher for each signal. The handler
 * counts a signal at its watcher, leaves who has sent it there, and puts the node on the queue, as
 * a waker does.
 */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* SI_TKILL */
#endif

#include "../os/memory.h"
#include "../poll/registry.h"
#include "signal_handler.h"

#include <mio/signal.h>

#include <errno.h>
#include <sched.h>

/* What the handler tells of the last signal. The members belong together: a number that is odd
 * while somebody writes them, and changes each time, guards them. */
struct origin {
    atomic_uint version;
    atomic_int pid;
    atomic_uint uid;
    atomic_int code;
};

struct watch {
    struct mio__signal_watcher watcher; /* first */
    struct mio_signals *signals;
    struct watch *next; /* in the set; a circle */
    int signo;
    atomic_uint count; /* come, and not taken */
    struct origin origin;
};

struct mio_signals {
    struct mio__wake_node node;    /* first */
    struct mio_selector *selector; /* held */
    struct watch *last;            /* whose successor is asked first; NULL: the set is empty */
};

/* --- what the handler does --- */

#if !defined(SI_TKILL)
#define SI_TKILL SI_USER
#endif
#if !defined(SI_LWP)
#define SI_LWP SI_USER
#endif

/* Whether a process has sent the signal, which the system tells of. */
static bool has_sender(const siginfo_t *info)
{
    int code = info->si_code;
    return code == SI_USER || code == SI_QUEUE || code == SI_TKILL || code == SI_LWP ||
           (info->si_signo == SIGCHLD && code > 0);
}

/* Of several handlers at one moment the first writes, and so one that a handler interrupts. */
static void write_origin(struct origin *origin, const siginfo_t *info)
{
    unsigned version = atomic_load(&origin->version);
    if ((version & 1) != 0 ||
        !atomic_compare_exchange_strong(&origin->version, &version, version + 1))
        return;
    bool is_sent = has_sender(info);
    atomic_store(&origin->pid, is_sent ? (int)info->si_pid : 0);
    atomic_store(&origin->uid, is_sent ? (unsigned)info->si_uid : 0);
    atomic_store(&origin->code, info->si_code);
    atomic_store(&origin->version, version + 2);
}

static void read_origin(struct origin *origin, struct mio_signal *signal)
{
    unsigned version;
    bool is_whole = false;
    do {
        version = atomic_load(&origin->version);
        signal->pid = atomic_load(&origin->pid);
        signal->uid = atomic_load(&origin->uid);
        signal->code = atomic_load(&origin->code);
        is_whole = (version & 1) == 0 && atomic_load(&origin->version) == version;
        if (!is_whole)
            (void)sched_yield();
    } while (!is_whole);
}

/* Should the kernel refuse to wake a sleeper, the next signal tries again. */
static void tell_set(struct mio__signal_watcher *watcher, const siginfo_t *info)
{
    struct watch *watch = (struct watch *)watcher;
    write_origin(&watch->origin, info);
    atomic_fetch_add(&watch->count, 1);
    (void)mio__wake_queue_push(&watch->signals->selector->wakes, &watch->signals->node);
}

/* --- the set --- */

/* The queue's selector lives for as long as the queue. */
static void release_signals(struct mio__wake_node *node)
{
    const struct mio_signals *signals = (const struct mio_signals *)node;
    mio__release(&signals->selector->config.allocator, node, sizeof *signals);
}

int mio_signals_new(struct mio_registry *registry, mio_token token, struct mio_signals **signals)
{
    if (!registry || !signals)
        return -EINVAL;
    struct mio_selector *selector = registry->selector;
    if (mio__is_forked_child(&selector->fork_guard))
        return -ECHILD;
    struct mio_signals *made = mio__allocate(&selector->config.allocator, sizeof *made);
    if (!made)
        return -ENOMEM;
    int error = mio__selector_join(selector, &made->node, token, release_signals);
    if (error < 0) {
        mio__release(&selector->config.allocator, made, sizeof *made);
        return error;
    }
    made->selector = selector;
    *signals = made;
    return 0;
}

static int check_set(const struct mio_signals *signals)
{
    if (!signals)
        return -EINVAL;
    return mio__is_forked_copy(&signals->selector->fork_guard) ? -ECHILD : 0;
}

/* Before the watch of the signal, or NULL. */
static struct watch *find_predecessor(const struct mio_signals *signals, int signo)
{
    struct watch *watch = signals->last;
    if (!watch)
        return NULL;
    do {
        if (watch->next->signo == signo)
            return watch;
        watch = watch->next;
    } while (watch != signals->last);
    return NULL;
}

/* Behind the last one. */
static void link_watch(struct mio_signals *signals, struct watch *watch)
{
    struct watch *last = signals->last;
    watch->next = last ? last->next : watch;
    if (last)
        last->next = watch;
    signals->last = watch;
}

static void end_signal_watch(struct mio_signals *signals, struct watch *predecessor)
{
    struct watch *watch = predecessor->next;
    mio__signal_unwatch(watch->signo, &watch->watcher);
    predecessor->next = watch->next;
    if (signals->last == watch)
        signals->last = watch == predecessor ? NULL : predecessor;
    mio__release(&signals->selector->config.allocator, watch, sizeof *watch);
}

int mio_signals_add(struct mio_signals *signals, int signo)
{
    int error = check_set(signals);
    if (error < 0)
        return error;
    if (find_predecessor(signals, signo))
        return -EEXIST;
    const struct mio_allocator *allocator = &signals->selector->config.allocator;
    struct watch *made = mio__allocate(allocator, sizeof *made);
    if (!made)
        return -ENOMEM;
    made->signals = signals;
    made->signo = signo;
    made->watcher.guard = &signals->selector->fork_guard;
    made->watcher.tell = tell_set;
    error = mio__signal_watch(signo, &made->watcher);
    if (error < 0)
        mio__release(allocator, made, sizeof *made);
    else
        link_watch(signals, made);
    return error;
}

int mio_signals_remove(struct mio_signals *signals, int signo)
{
    int error = check_set(signals);
    if (error < 0)
        return error;
    struct watch *predecessor = find_predecessor(signals, signo);
    if (!predecessor)
        return -ENOENT;
    end_signal_watch(signals, predecessor);
    return 0;
}

int mio_signals_next(struct mio_signals *signals, struct mio_signal *signal)
{
    int error = signal ? check_set(signals) : -EINVAL;
    if (error < 0 || !signals->last)
        return error;
    struct watch *last = signals->last;
    struct watch *watch = last;
    do {
        watch = watch->next;
        unsigned count = atomic_exchange(&watch->count, 0);
        if (count > 0) {
            *signal = (struct mio_signal){.signo = watch->signo, .count = count};
            read_origin(&watch->origin, signal);
            signals->last = watch;
            return 1;
        }
    } while (watch != last);
    return 0;
}

void mio_signals_free(struct mio_signals *signals)
{
    if (!signals)
        return;
    struct mio_selector *selector = signals->selector;
    while (signals->last)
        end_signal_watch(signals, signals->last);
    if (mio__wake_queue_abandon(&signals->node))
        release_signals(&signals->node);
    mio__selector_release(selector);
}
