/* SPDX-License-Identifier: MIT */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* SA_ONSTACK, SA_NOCLDWAIT */
#endif

#include "signal_handler.h"

#include "../os/descriptor.h"

#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <time.h>

/* More than the last signal of any system: 128 of FreeBSD. */
enum { SIGNALS = 129 };

static const int reset_hand = (int)SA_RESETHAND; /* unsigned on Linux */

typedef void plain_handler(int signo);
typedef void informed_handler(int signo, siginfo_t *info, void *context);

/* What a signal did before the library's handler was installed. */
enum disposition { DEFAULTED, IGNORED, HANDLED };

struct signal_slot {
    _Atomic(struct mio__signal_watcher *) watchers;
    /* The program's handler, one of the two. */
    _Atomic(plain_handler *) plain;
    _Atomic(informed_handler *) informed;
    atomic_int disposition; /* enum disposition */
    atomic_bool is_once;    /* SA_RESETHAND: the program's handler is called once */

    /* --- guarded by the table --- */
    /* The handler was installed, and has not been taken back since: the program had put its own in
     * its place, which may call ours. */
    bool is_installed;
    plain_handler *covering; /* that one, or NULL */
    struct sigaction old;    /* what is put back */
};

static struct signal_slot signal_slots[SIGNALS];

/*
 * Handlers that are reading a list of watchers, in the present phase and in the one before. Two
 * are in use at a time, and the other two in the children of a fork: a child has not got the
 * threads that were counted when it was forked.
 */
static atomic_uint under_way[4];
static atomic_uint phase;

enum { NEXT_PHASE = 1, PHASES_OF_CHILD = 2 };

/* --- the handler --- */

static bool tell_watchers(struct signal_slot *slot, const siginfo_t *info)
{
    bool is_heard = false;
    atomic_uint *counter = &under_way[atomic_load(&phase)];
    atomic_fetch_add(counter, 1);
    struct mio__signal_watcher *watcher = atomic_load(&slot->watchers);
    for (; watcher; watcher = atomic_load(&watcher->next)) {
        if (mio__is_forked_copy(watcher->guard))
            continue;
        watcher->tell(watcher, info);
        is_heard = true;
    }
    atomic_fetch_sub(counter, 1);
    return is_heard;
}

/* Does what the signal did before, but for its default action. Whether that was something else. */
static bool call_program(struct signal_slot *slot, int signo, siginfo_t *info, void *context)
{
    int disposition = atomic_load(&slot->disposition);
    if (disposition == HANDLED && atomic_load(&slot->is_once))
        disposition = atomic_exchange(&slot->disposition, DEFAULTED);
    if (disposition != HANDLED)
        return disposition == IGNORED;
    informed_handler *informed = atomic_load(&slot->informed);
    plain_handler *plain = atomic_load(&slot->plain);
    if (informed)
        informed(signo, info, context);
    else if (plain)
        plain(signo);
    return true;
}

static void handle(int signo, siginfo_t *info, void *context);

static bool is_ours(const struct sigaction *action)
{
    return (action->sa_flags & SA_SIGINFO) != 0 && action->sa_sigaction == handle;
}

/* SA_SIGINFO says nothing of it: Linux leaves the flag where a handler for once has gone. The two
 * kinds of handlers have one place. */
static bool is_handler(const struct sigaction *action)
{
    return action->sa_handler != SIG_DFL && action->sa_handler != SIG_IGN;
}

static struct sigaction default_action(void)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    (void)sigemptyset(&action.sa_mask);
    return action;
}

/*
 * Nobody has heard the signal: in a child of a fork only the parent's sets watch it; or the last
 * watcher has gone while it was on its way. It is raised again without our handler, and comes when
 * this one returns. A handler of the program's that has called ours has seen to it.
 */
static void let_default_happen(int signo)
{
    struct sigaction now;
    if (sigaction(signo, NULL, &now) < 0)
        return;
    if (is_ours(&now)) {
        struct sigaction action = default_action();
        (void)sigaction(signo, &action, NULL);
    } else if (now.sa_handler != SIG_DFL) {
        return;
    }
    (void)raise(signo);
}

static void handle(int signo, siginfo_t *info, void *context)
{
    int saved = errno;
    struct signal_slot *slot = &signal_slots[signo];
    bool is_heard = tell_watchers(slot, info);
    bool is_done = call_program(slot, signo, info, context);
    if (!is_heard && !is_done)
        let_default_happen(signo);
    errno = saved;
}

/* --- the table --- */

/* The process that uses the table, by its generation (fork_guard.h). 0: nobody does. */
static _Atomic uint32_t table_user;

/* Of the process whose handlers are counted. */
static uint32_t counted_generation;

/* A thread of a low priority may be what is waited for: so it yields, and then sleeps. */
static void wait_a_moment(unsigned tries)
{
    static const struct timespec moment = {.tv_nsec = 50000};
    int saved = errno;
    if (tries < 100)
        (void)sched_yield();
    else
        (void)nanosleep(&moment, NULL);
    errno = saved;
}

/* There is a guard already, so setting another one cannot fail. */
static uint32_t generation_of_process(void)
{
    struct mio__fork_guard guard = {.generation = 1};
    (void)mio__fork_guard_set(&guard);
    return guard.generation;
}

/* Whoever waits for the table waits for a few system calls. With all signals blocked, so that no
 * handler of the program's leaves in between (siglongjmp). */
static sigset_t take_table(void)
{
    sigset_t all;
    sigset_t mask;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_BLOCK, &all, &mask);
    uint32_t generation = generation_of_process();
    for (unsigned tries = 0;; tries++) {
        uint32_t holder = 0;
        if (atomic_compare_exchange_strong(&table_user, &holder, generation))
            break;
        /* At the fork another thread of the parent's had it, which this process has not got. */
        if (holder != generation &&
            atomic_compare_exchange_strong(&table_user, &holder, generation))
            break;
        wait_a_moment(tries);
    }
    if (counted_generation != generation) {
        unsigned fresh = atomic_load(&phase) ^ PHASES_OF_CHILD;
        atomic_store(&under_way[fresh], 0);
        atomic_store(&under_way[fresh ^ NEXT_PHASE], 0);
        atomic_store(&phase, fresh);
        counted_generation = generation;
    }
    return mask;
}

static void give_table(const sigset_t *mask)
{
    atomic_store(&table_user, 0);
    (void)pthread_sigmask(SIG_SETMASK, mask, NULL);
}

/*
 * Waits for the handlers that may have seen what has just been unlinked. Those that begin later
 * count themselves in the next phase, so a storm of signals does not keep us. A handler may count
 * itself in a phase that it has read long ago, so both are waited for.
 */
static void wait_for_handlers(void)
{
    for (int i = 0; i < 2; i++) {
        unsigned old = atomic_load(&phase);
        atomic_store(&phase, old ^ NEXT_PHASE);
        for (unsigned tries = 0; atomic_load(&under_way[old]) > 0; tries++)
            wait_a_moment(tries);
    }
}

/* --- installing the handler --- */

/* A handler that another one calls has its mask and its flags. */
static struct sigaction our_action(int signo, const struct sigaction *old)
{
    struct sigaction action = {.sa_sigaction = handle, .sa_mask = old->sa_mask};
    action.sa_flags = (old->sa_flags & ~reset_hand) | SA_SIGINFO;
    if (is_handler(old))
        return action;
    /* What had no handler interrupted no call, and has no mask. */
    action.sa_flags |= SA_RESTART | SA_ONSTACK;
    (void)sigemptyset(&action.sa_mask);
    /* Ignoring SIGCHLD says that nobody waits for children. */
    if (signo == SIGCHLD && old->sa_handler == SIG_IGN)
        action.sa_flags |= SA_NOCLDWAIT;
    return action;
}

/* What the handler has to know of the disposition that it replaces. A handler that was on its way
 * when the last watcher went may read this meanwhile. */
static void remember_disposition(struct signal_slot *slot, const struct sigaction *old)
{
    bool is_informed = (old->sa_flags & SA_SIGINFO) != 0;
    bool has_handler = is_handler(old);
    atomic_store(&slot->plain, has_handler && !is_informed ? old->sa_handler : NULL);
    atomic_store(&slot->informed, has_handler && is_informed ? old->sa_sigaction : NULL);
    atomic_store(&slot->is_once, (old->sa_flags & reset_hand) != 0);
    int disposition = old->sa_handler == SIG_IGN ? IGNORED : DEFAULTED;
    atomic_store(&slot->disposition, has_handler ? HANDLED : disposition);
    slot->old = *old;
}

/* Whether the handler is there, or a handler of the program's that may call it: installed over
 * that one, ours would be called by what it calls. */
static bool is_in_place(const struct signal_slot *slot, const struct sigaction *now)
{
    if (is_ours(now))
        return true;
    bool may_call_ours = is_handler(now) && slot->is_installed;
    return may_call_ours && (!slot->covering || slot->covering == now->sa_handler);
}

static int install_handler(int signo, struct signal_slot *slot)
{
    int saved = errno;
    struct sigaction now;
    if (sigaction(signo, NULL, &now) < 0)
        return mio__failed(saved);
    if (is_in_place(slot, &now))
        return 0;
    remember_disposition(slot, &now);
    struct sigaction action = our_action(signo, &now);
    if (sigaction(signo, &action, NULL) < 0)
        return mio__failed(saved);
    slot->is_installed = true;
    slot->covering = NULL;
    return 0;
}

/* Only what is still ours is replaced. */
static void put_handler_back(int signo, struct signal_slot *slot)
{
    int saved = errno;
    struct sigaction now;
    if (sigaction(signo, NULL, &now) == 0) {
        bool is_spent = atomic_load(&slot->is_once) && atomic_load(&slot->disposition) != HANDLED;
        struct sigaction old = is_spent ? default_action() : slot->old;
        if (is_ours(&now))
            (void)sigaction(signo, &old, NULL);
        slot->is_installed = !is_ours(&now) && is_handler(&now);
        slot->covering = slot->is_installed ? now.sa_handler : NULL;
    }
    errno = saved;
}

/* --- watching --- */

static void unlink_watcher(struct signal_slot *slot, struct mio__signal_watcher *watcher)
{
    _Atomic(struct mio__signal_watcher *) *link = &slot->watchers;
    while (atomic_load(link) != watcher)
        link = &atomic_load(link)->next;
    atomic_store(link, atomic_load(&watcher->next));
    wait_for_handlers();
}

/* Those that a thread's own fault raises, and that come again when the handler returns. */
static bool is_fault(int signo)
{
    return signo == SIGSEGV || signo == SIGBUS || signo == SIGFPE || signo == SIGILL ||
           signo == SIGTRAP || signo == SIGSYS;
}

/* The watcher is there before the handler, so that no signal that the handler takes goes unheard.
 */
int mio__signal_watch(int signo, struct mio__signal_watcher *watcher)
{
    if (signo <= 0 || signo >= SIGNALS || signo == SIGKILL || signo == SIGSTOP || is_fault(signo))
        return -EINVAL;
    struct signal_slot *slot = &signal_slots[signo];
    sigset_t mask = take_table();
    atomic_store(&watcher->next, atomic_load(&slot->watchers));
    atomic_store(&slot->watchers, watcher);
    int error = install_handler(signo, slot);
    if (error < 0)
        unlink_watcher(slot, watcher);
    give_table(&mask);
    return error;
}

void mio__signal_unwatch(int signo, struct mio__signal_watcher *watcher)
{
    struct signal_slot *slot = &signal_slots[signo];
    sigset_t mask = take_table();
    bool is_last = atomic_load(&slot->watchers) == watcher && !atomic_load(&watcher->next);
    if (is_last)
        put_handler_back(signo, slot);
    unlink_watcher(slot, watcher);
    give_table(&mask);
}
