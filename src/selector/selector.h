/* SPDX-License-Identifier: MIT */
/*
 * What a selector must supply, and what it is given.
 *
 * A selector is one kernel interface behind the table of functions below. It knows descriptors,
 * tokens and interests, and nothing of sockets. Before a function is called, src/poll/ has checked
 * every argument: it is not NULL, the interest is known and served, the capacity is between 1 and
 * INT_MAX, and this is no forked child.
 *
 * struct mio_selector is the first member of every selector's own struct. A poll, the clones of its
 * registry, its wakers and its registered sources hold it. The last to let go frees it.
 */
#ifndef MIO_SRC_SELECTOR_SELECTOR_H
#define MIO_SRC_SELECTOR_SELECTOR_H

#include "../os/fork_guard.h"
#include "../os/log.h"
#include "../wake/wake_queue.h"

#include <mio/event.h>
#include <mio/events.h>
#include <mio/options.h>
#include <mio/registry.h>

#include <stdatomic.h>
#include <stdint.h>

/* A registration, as it is passed down whole. */
struct mio__registration {
    mio_fd fd;
    mio_interest interest;
    mio_token token;
    /* For the selector's use, 0 at first: a handle of what it keeps for the registration. A source
     * keeps it with the registration; NULL: nobody does. It may be written only before the kernel
     * knows of the registration: afterwards the source may be another thread's. */
    uintptr_t *word;
};

/* What a selector is. */
enum {
    MIO_TRAIT_MAKES_EDGES = 1 << 0 /* edges come from the library, after rearm(), not the kernel */
};

struct mio__selector_ops {
    const char *name;

    /* The interests it can serve, on this system, in this build: readiness and modes. */
    mio_interest serves;

    unsigned traits; /* MIO_TRAIT_... */

    /*
     * Makes the kernel object. Sets `ops` and the selector's own members; mio__selector_make() sets
     * the rest of the head. Returns 0, or -errno with nothing left behind.
     */
    int (*selector_new)(const struct mio__config *config, struct mio_selector **selector);

    /* Closes what selector_new() and arm_doorbell() opened, tells the log of failures, and releases
     * the struct. */
    void (*selector_free)(struct mio_selector *selector);

    /*
     * One fetch: writes at most `room` events (at least 1) to `list`, sleeping at most `timeout_ns`
     * (-1: for ever; 0: not at all), in one system call, without allocating. Returns how many, or
     * -errno; 0 also when it was over early, for a timeout it had to shorten or a record it kept
     * for itself. One thread at a time.
     */
    int (*select)(struct mio_selector *selector, struct mio_event *list, int room,
                  int64_t timeout_ns);

    /*
     * A whole wait: mio__wait_once() around select(). Writes the events and their number, which it
     * returns, or -errno; 0 also when a wait that ends was over early. One thread at a time.
     */
    int (*wait)(struct mio_selector *selector, struct mio_events *events, int64_t timeout_ns);

    /*
     * Looks through what select() has fetched, and drops or follows up records; called only once
     * the wait is mediated. NULL: nothing to look for. Returns how many are left.
     */
    int (*filter)(struct mio_selector *selector, struct mio_event *list, int count);

    /*
     * As mio_registry_register() and its kin have it. Any thread, during a select() too. `previous`
     * is the registration that there is: a source knows it and passes it, for raw descriptors it is
     * NULL. A failed call leaves the kernel as it was; but a failed reregister_fd() with `previous`
     * NULL may leave the descriptor unregistered.
     */
    int (*register_fd)(struct mio_selector *selector, const struct mio__registration *wanted);
    int (*reregister_fd)(struct mio_selector *selector, const struct mio__registration *wanted,
                         const struct mio__registration *previous);
    int (*deregister_fd)(struct mio_selector *selector, mio_fd fd,
                         const struct mio__registration *previous);

    /*
     * As register_fd() and reregister_fd() of a raw descriptor, for reading and writing alone and
     * edge-triggered, as nearly all are. In registers, so that the public call ends in a call of
     * the selector's own: after a system call each return costs some 7 ns (wait_once.h). NULL:
     * those are called.
     */
    int (*register_usual)(struct mio_selector *selector, mio_fd fd, mio_token token,
                          mio_interest interest);
    int (*reregister_usual)(struct mio_selector *selector, mio_fd fd, mio_token token,
                            mio_interest interest);

    /* Registers or reregisters in one call of the kernel; after a failure as reregister_fd() with
     * `previous` NULL. NULL: reregister_fd() is called, and then register_fd(). */
    int (*set_fd)(struct mio_selector *selector, const struct mio__registration *wanted);

    /* Deregisters and closes, for a kernel that wants another order, or is still at work on the
     * descriptor. Closes it whatever happens. Returns 0 or the -errno of close(2). NULL:
     * deregister_fd() is called, and then close(2). */
    int (*close_fd)(struct mio_selector *selector, const struct mio__registration *previous);

    /* As mio_registry_rearm() has it. NULL: the kernel makes the edges. An interest of 0 says that
     * nothing was drained, and that a hang-up or an error may be over. */
    int (*rearm)(struct mio_selector *selector, mio_fd fd, mio_interest interest);

    /* Makes `n` changes whose arguments are right and whose result is 0, and writes the results.
     * NULL: they are made one by one. */
    void (*apply)(struct mio_selector *selector, struct mio_change *changes, size_t n);

    /*
     * The doorbell: one for all wakers. arm_doorbell() makes it, or finds it made; `arming` is held
     * meanwhile. Afterwards ring() ends the select() in progress, or the next one, with at least
     * one record that is_doorbell() knows. Several rings may become one record. ring() is
     * async-signal-safe, never blocks, and leaves errno alone.
     */
    int (*arm_doorbell)(struct mio_selector *selector);
    int (*ring)(struct mio_selector *selector);
    bool (*is_doorbell)(const struct mio_selector *selector, const struct mio_event *record);

    /* Returns the kernel object's descriptor, on which somebody may sleep from now on, or -ENOTSUP
     * when there is none. */
    int (*selector_fd)(struct mio_selector *selector);
};

/* A whole wait, as ops->wait() is one. */
typedef int mio__wait_function(struct mio_selector *selector, struct mio_events *events,
                               int64_t timeout_ns);

struct mio_selector {
    const struct mio__selector_ops *ops; /* never NULL */
    /* What a wait on the poll is: ops->wait(), or more where the poll was asked for more. So a poll
     * that was not pays nothing for what others are asked for. */
    _Atomic(mio__wait_function *) wait;
    atomic_bool mediated; /* a wait is more than ops->select(): from some time on, for ever */
    atomic_uint owners;   /* poll, clones, wakers and sources that hold it; never 0 while in use */
    struct mio__fork_guard fork_guard; /* the process it was made in */
    /* Seldom used; no part of the queue is on the same cache line as what is above. */
    union {
        struct {
            struct mio__config config;
            uint64_t id; /* unique in the process, not 0 */
            /* Of the files that the library serves (poll/ready_files.h), released with the
             * selector; NULL: they are refused. */
            struct mio__wake_node *ready_files;
            /* Of the poll's timers (timer/timers.h), released with the selector; NULL: it has had
             * none. */
            _Atomic(struct mio__wake_node *) timers;
        };
        char apart[MIO_CACHE_LINE];
    };
    struct mio__wake_queue wakes; /* events that come from the program and not from the kernel */
};

/* Whether a wait is nothing but ops->select(). */
static inline bool mio__selector_is_direct(const struct mio_selector *selector)
{
    return !atomic_load_explicit(&selector->mediated, memory_order_relaxed);
}

/* A wait, as the poll was asked to do it. */
static inline int mio__selector_wait(struct mio_selector *selector, struct mio_events *events,
                                     int64_t timeout_ns)
{
    return atomic_load_explicit(&selector->wait, memory_order_relaxed)(selector, events,
                                                                       timeout_ns);
}

/* From now on a wait goes through the wake queue, and looks at what it has fetched. */
static inline void mio__selector_mediate(struct mio_selector *selector)
{
    atomic_store(&selector->mediated, true);
}

/* Makes a selector of the kind, and becomes its first owner. */
int mio__selector_make(const struct mio__selector_ops *ops, const struct mio__config *config,
                       struct mio_selector **selector);

/* One owner more: always succeeds. */
struct mio_selector *mio__selector_try_clone(struct mio_selector *selector);

/* One owner less; the last one frees it. */
void mio__selector_release(struct mio_selector *selector);

/*
 * Makes the doorbell unless it is there, and rings it once for a thread that may sleep in a wait
 * that began before, or on the selector's descriptor. Any thread.
 */
int mio__selector_arm(struct mio_selector *selector);

/*
 * Makes a node with which an object of the program's ends waits, under a token, and holds the
 * selector for the object: mio__selector_release() when it goes. `let_go` is the node's release().
 * 0, or an error of arming, after which nothing is held.
 */
int mio__selector_join(struct mio_selector *selector, struct mio__wake_node *node, mio_token token,
                       void (*let_go)(struct mio__wake_node *node));

#endif
