/* SPDX-License-Identifier: MIT */
/*
 * Inside the kqueue selector: the types of five kernels named once, and what its files share.
 *
 *   kqueue.c               the essay; making, waiting, waking, freeing
 *   kqueue_filters.c       the filters behind an interest
 *   kqueue_open.c          a kqueue
 *
 * A registering call, in this order:
 *   kqueue_change.c        the table's functions, one call each
 *   kqueue_batch.c         many of them in one kevent(2)
 *   kqueue_prepare.c       what has to be known before the kernel is told
 *   kqueue_plan.c          the changes that it comes to
 *   kqueue_submit.c        their submission, and its receipts
 *   kqueue_finish.c        what the receipts come to
 *   kqueue_undo.c          undoing what was refused by half
 *   kqueue_raw.c           the caller's own change
 *
 * What kernels leave to be done:
 *   kqueue_refused.c       keeping the tokens of refused changes from a thread that waits
 *   kqueue_oneshots.c      one-shots of several filters
 *   kqueue_ends.c          the end of reading, or errors, without data
 *   kqueue_injected.c      events that the selector delivers itself
 *   kqueue_deliver.c       their delivery
 *   kqueue_write_closed.c  such an event: a pipe whose reader is gone already
 *   kqueue_guard.c         what a kernel tells the writing end of a pipe through EVFILT_READ alone
 *   kqueue_device.c        the edges of Apple's character devices
 *
 * Each uses only files below it; tests/house/circles.sh holds that there is no way back.
 */
#ifndef MIO_SRC_SELECTOR_KQUEUE_KQUEUE_H
#define MIO_SRC_SELECTOR_KQUEUE_KQUEUE_H

#include "../descriptor_table.h"
#include "../selector.h"

#include "../../wake/doorbell.h"

#include <mio/event.h>
#include <mio/kqueue.h>

#include <sys/types.h>

#include <sys/event.h>
#include <sys/time.h>

#include <stddef.h>
#include <string.h>

/* --- where the kernels' types differ (K15) --- */

#if MIO_PLATFORM == MIO_PLATFORM_NETBSD
typedef size_t kevent_count; /* nchanges, nevents */
#else
typedef int kevent_count;
#endif
typedef __typeof__(((struct kevent *)0)->filter) kevent_filter; /* short; NetBSD uint32_t */
typedef __typeof__(((struct kevent *)0)->flags) kevent_flags;   /* u_short; NetBSD uint32_t */
typedef __typeof__(((struct kevent *)0)->fflags) kevent_fflags; /* 32 bits */
typedef __typeof__(((struct kevent *)0)->data) kevent_data;     /* int64_t or intptr_t */
typedef __typeof__(((struct kevent *)0)->udata) kevent_udata;   /* void *; old NetBSD intptr_t */

/* --- what is not in every system's header --- */

#if defined(EVFILT_USER) && defined(NOTE_TRIGGER)
enum { HAVE_EVFILT_USER = true, USER_FILTER = EVFILT_USER, USER_TRIGGER = NOTE_TRIGGER };
#else
enum { HAVE_EVFILT_USER = false, USER_FILTER = MIO_KEVENT_USER, USER_TRIGGER = 0 };
#endif

/* Urgent data (K35, K36). FreeBSD and NetBSD cannot tell. */
#if defined(EVFILT_EXCEPT) && defined(NOTE_OOB)
enum { HAVE_EVFILT_EXCEPT = true, EXCEPT_FILTER = EVFILT_EXCEPT, EXCEPT_OOB = NOTE_OOB };
#else
enum { HAVE_EVFILT_EXCEPT = false, EXCEPT_FILTER = MIO_KEVENT_NONE, EXCEPT_OOB = 0 };
#endif

/* libkqueue has none. */
#if defined(NOTE_LOWAT)
enum { LOW_WATER_MARK = NOTE_LOWAT };
#else
enum { LOW_WATER_MARK = 0 };
#endif

/* Requests of aio(4) that report to a kqueue. Apple names EVFILT_AIO, and refuses it (ENOTSUP);
 * DragonFly names it and has no aio(4) any more: the filter is ENXIO, every call ENOSYS. */
#if MIO_PLATFORM == MIO_PLATFORM_FREEBSD
enum { AIO_INTERESTS = MIO_AIO | MIO_LIO };
#else
enum { AIO_INTERESTS = 0 };
#endif

/* Where a pipe's reader may go without a word to EVFILT_WRITE (kqueue_guard.c). */
enum {
    GUARDS_WRITERS = MIO_PLATFORM == MIO_PLATFORM_OPENBSD || MIO_PLATFORM == MIO_PLATFORM_NETBSD
};

/* Where a character device gives an edge after its first only when asked (kqueue_device.c). */
enum { REARMS_DEVICES = MIO_PLATFORM == MIO_PLATFORM_APPLE };

/* READ, WRITE and EXCEPT of one descriptor. */
enum { MAX_FILTERS = 3 };

/* Of one call. Enough for a dozen descriptors watched in every way, and small enough for a thread's
 * stack: a batch takes some 15 KiB. */
enum { MAX_CHANGES = 64 };

/* A filter behind a bit of interest. */
struct kqueue_filter {
    mio_interest interest;
    int filter;
    uint32_t fflags; /* in every touch (K7: a bare ENABLE drops them on macOS and DragonFly) */
};

enum { WRITING, READING }; /* places in mio__kq_filters */

/* kqueue_filters.c: in the order in which they are registered. */
extern const struct kqueue_filter mio__kq_filters[MAX_FILTERS];
extern const size_t mio__kq_filter_count;

/* Whether an interest needs the filter; that of reading; and that without data (kqueue_ends.c). */
bool mio__kq_asks(mio_interest interest, const struct kqueue_filter *filter);
bool mio__kq_reads(mio_interest interest);
bool mio__kq_is_of_ends(mio_interest interest);

/* The flags of a knote's mode. */
unsigned mio__kq_mode_flags(mio_interest interest, const struct kqueue_filter *filter);

/* --- what the selector must remember, since no kernel would tell; with its lock held --- */

/* A one-shot registration of several filters, known by its descriptor. */
struct kqueue_oneshot {
    mio_token token;
    mio_interest interest; /* the filters to silence when one fires; 0: no such registration */
    bool spent;            /* one has fired */
    unsigned spent_in;     /* the wait that still delivers the others */
};

/* A registration of EVFILT_READ for its end or for errors alone. */
struct kqueue_end {
    mio_token token;
    mio_interest interest; /* 0: no such registration */
    bool is_socket;
    bool is_datagram;
};

/* How it is told that an injected event's number is still the same descriptor. */
enum kqueue_identity {
    IDENTITY_NONE,  /* its record is of no descriptor */
    IDENTITY_FILE,  /* by the file behind it, which a number used again may share */
    IDENTITY_GUARD, /* by a knote of ours, which goes with the descriptor */
    IDENTITY_READ   /* by the registration's own knote of EVFILT_READ */
};

/* An event that the kernel refused to watch for, or handed out at the wrong moment. */
struct kqueue_injected {
    struct kqueue_injected *next;       /* of the same descriptor */
    struct kqueue_injected *due;        /* the next to be delivered */
    struct kqueue_injected **due_index; /* what points here; NULL: delivered */
    uint64_t number;                    /* counts them */
    int fd;                             /* -1 with IDENTITY_NONE */
    enum kqueue_identity identity;
    struct mio__file_id file; /* IDENTITY_FILE: since closing tells nobody */
    bool refused; /* no knote stands for the registration: kept after delivery, so that it still
                     counts */
    struct mio_event record;
};

/* EVFILT_READ of a pipe's writing end, as a help to EVFILT_WRITE (kqueue_guard.c). */
enum kqueue_guard_kind {
    GUARD_NONE,
    GUARD_KNOTE,   /* a knote of ours: what it says is not for the caller */
    GUARD_SHARED,  /* one that is registered, as writing is */
    GUARD_READING, /* the same, and writing is not */
    GUARD_DEVICE   /* no pipe at all: a device whose edges have to be asked for */
};

struct kqueue_guard {
    enum kqueue_guard_kind kind;
    bool told;             /* the end of writing was delivered, or may not be any more */
    mio_token token;       /* of writing */
    mio_interest interest; /* what it is registered for */
    mio_token read_token;  /* of reading, where that is registered */
};

struct kqueue_descriptor {
    struct kqueue_oneshot oneshot;
    struct kqueue_guard guard;
    struct kqueue_end end;
    struct kqueue_injected *injected; /* the last one first */
    bool to_silence;                  /* on the list of those ... */
    int next_to_silence;              /* ... before this one; -1: the last */
};

/* All of it is a table by descriptor. What is left of one that was closed does no harm: it is
 * looked at with the token of its records or the answers of the kernel, and registering the number
 * again clears it. */
struct kqueue_descriptors {
    struct mio__descriptor_table table; /* of struct kqueue_descriptor */
    struct kqueue_injected *due;        /* injected events in the order of their delivery */
    struct kqueue_injected **due_end;
    uint64_t injected; /* the number of the last one */
    int to_silence;    /* the first spent one-shot whose other filters still have to be; -1: none */
    unsigned fetched_in; /* the last wait that has fetched */
};

/* A descriptor of which a change was refused: what of it may still be handed over. */
struct kqueue_refused {
    uint64_t era; /* of the table; counts in no other */
    int fd;
    unsigned filters; /* bit i: records of mio__kq_filters[i] are looked at ... */
    unsigned live; /* ... and bit i: pass with tokens[i], which is registered; else they do not */
    mio_token tokens[MAX_FILTERS];
};

enum { FIRST_REFUSED = 16 };

/* All of them since the last fetch that was looked through: an open-addressed table by fd. */
struct kqueue_refusals {
    struct kqueue_refused first[FIRST_REFUSED]; /* the table until it has to grow */
    struct kqueue_refused *grown;               /* NULL: never had to */
    size_t capacity;                            /* a power of two; 0: that of `first` */
    size_t count;
    size_t expected; /* places kept for operations under way: refusing then needs no memory */
    uint64_t era;    /* of the entries that count */
};

/* Why records have to be looked through; bits of `looks`. */
enum {
    KQUEUE_FILTERS_RECORDS = 1, /* some may have to be dropped or followed up */
    KQUEUE_DOUBTS = 2           /* a change is under way that may be undone, or some were refused */
};

enum kqueue_doorbell { DOORBELL_NONE, DOORBELL_USER, DOORBELL_PIPE };

struct kqueue_selector {
    struct mio_selector base;
    int kq; /* open, in the process that made it; a child inherits none (K45) */

    enum kqueue_doorbell doorbell; /* set once, before the queue is armed */
    struct mio__doorbell pipe;     /* open with DOORBELL_PIPE */

    mio__lock lock; /* serialises registrations; never taken by a wait that has nothing to filter */
    struct kqueue_descriptors kept;
    atomic_bool watches_devices; /* some are GUARD_DEVICE */
    struct kqueue_refusals refusals;
    atomic_uint looks;               /* written with the lock held */
    struct mio__wake_node collector; /* stands in the wake queue for undelivered injected events */
};

static inline struct kqueue_selector *kqueue_of(struct mio_selector *selector)
{
    return (struct kqueue_selector *)selector;
}

/*
 * Adds and takes away reasons to look through records. The lock is held, so nobody else writes. The
 * kernel orders this with a fetch: what it hands out it was told after this.
 */
static inline void mio__kq_look(struct kqueue_selector *self, unsigned more, unsigned less)
{
    unsigned looks = atomic_load_explicit(&self->looks, memory_order_relaxed);
    atomic_store_explicit(&self->looks, (looks | more) & ~less, memory_order_release);
}

/* Some record may have to be dropped or followed up. */
static inline void mio__kq_filter_from_now_on(struct kqueue_selector *self)
{
    mio__kq_look(self, KQUEUE_FILTERS_RECORDS, 0);
    mio__selector_mediate(&self->base);
}

/* A change with everything else zero, which FreeBSD's and NetBSD's ext[4] have to be. */
static inline struct kevent kqueue_change(uintptr_t ident, int filter, unsigned flags,
                                          uint32_t fflags, mio_token token)
{
    struct kevent change;
    memset(&change, 0, sizeof change);
    change.ident = ident;
    change.filter = (kevent_filter)filter;
    change.flags = (kevent_flags)(flags | EV_RECEIPT);
    change.fflags = (kevent_fflags)fflags;
    change.udata = (kevent_udata)token;
    return change;
}

static inline bool kqueue_is_delete(const struct kevent *change)
{
    return (change->flags & EV_DELETE) != 0;
}

/* For reading or writing of a descriptor. */
static inline bool kqueue_is_of_descriptor(const struct kevent *change)
{
    return (int)change->filter == EVFILT_READ || (int)change->filter == EVFILT_WRITE;
}

/* A kqueue that is a library: libkqueue. */
enum { IS_A_LIBRARY = MIO_PLATFORM == MIO_PLATFORM_KQUEUE_LIBRARY };

/* --- kqueue_open.c --- */

/* A new kqueue, closed on exec and in no place of a standard stream, or -errno. */
int mio__kqueue_open(void);

/* One change of kqueue_change()'s, told by its receipt: 0 or -errno. Safe in a signal handler. */
int mio__kqueue_apply(int kq, struct kevent change);

/* --- kqueue_submit.c --- */

/*
 * Submits changes that all ask for a receipt and writes what became of each to `errors`: 0 or an
 * errno value. Events that the kernel hands out instead are kept for the next wait. Returns 0, or
 * the errno value of a call that failed as a whole.
 */
int mio__kevent_register(struct kqueue_selector *self, const struct kevent *changes, size_t count,
                         int *errors);

/* --- kqueue_change.c, kqueue_batch.c, kqueue_device.c, kqueue_raw.c --- */

int mio__kq_register(struct mio_selector *selector, const struct mio__registration *wanted);
int mio__kq_reregister(struct mio_selector *selector, const struct mio__registration *wanted,
                       const struct mio__registration *previous);
int mio__kq_set(struct mio_selector *selector, const struct mio__registration *wanted);
int mio__kq_deregister(struct mio_selector *selector, mio_fd fd,
                       const struct mio__registration *previous);
void mio__kq_apply(struct mio_selector *selector, struct mio_change *changes, size_t n);

/* As mio_registry_rearm(): 0 or -errno. */
int mio__kq_rearm(struct mio_selector *selector, mio_fd fd, mio_interest interest);

/* One change of the caller's own making: 0 or -errno. */
int mio__kq_register_raw(struct kqueue_selector *self, struct kevent change);

/* --- kqueue_refused.c; the lock is held by the caller --- */

/* Keeps a place for one operation that may be undone. 0 or -ENOMEM. */
int mio__kq_expect_refusal(struct kqueue_selector *self);

/* Until then a wait that has fetched something asks for the lock, if it has been told to doubt. */
void mio__kq_settle_refusals(struct kqueue_selector *self);

/* Changes of the descriptor have been refused, of these filters (bits of mio__kq_filters), and are
 * about to be undone. */
void mio__kq_refuse(struct kqueue_selector *self, int fd, unsigned filters);

/* What the kernel has accepted: what was refused passes with its present token. */
void mio__kq_follow(struct kqueue_selector *self, const struct kevent *changes, size_t count,
                    const int *errors);

/* Drops what was refused from a fetch that is over. Returns how many are left. */
int mio__kq_drop_refused(struct kqueue_selector *self, struct mio_event *list, int count);

void mio__kq_release_refusals(struct kqueue_selector *self);

/* --- the table by descriptor; the lock is held by the caller --- */

/* What is remembered of a descriptor: NULL where nothing is; of one that has a place; and a place
 * for it: 0 or -ENOMEM. */
static inline struct kqueue_descriptor *mio__kq_find(const struct kqueue_selector *self, int fd)
{
    return mio__descriptor_table_find(&self->kept.table, fd);
}
static inline struct kqueue_descriptor *mio__kq_at(const struct kqueue_selector *self, int fd)
{
    return mio__descriptor_table_at(&self->kept.table, fd);
}
static inline int mio__kq_reserve(struct kqueue_selector *self, int fd)
{
    return mio__descriptor_table_reserve(&self->kept.table, fd);
}

/* --- kqueue_oneshots.c; the lock is held by the caller --- */

/* Whether this interest has to be remembered: it is one-shot, and one event must silence more than
 * its own filter. */
bool mio__kq_is_multi_filter_oneshot(mio_interest interest);

/* 0 or -ENOMEM. */
int mio__kq_oneshot_add(struct kqueue_selector *self, int fd, mio_token token,
                        mio_interest interest);
void mio__kq_oneshot_forget(struct kqueue_selector *self, int fd);

/* What was remembered of the descriptor, all zero for nothing, is remembered again. */
void mio__kq_oneshot_put_back(struct kqueue_selector *self, int fd, struct kqueue_oneshot oneshot);

/* Whether an event with `token` is of a one-shot registration of several filters that an earlier
 * wait has spent: it is to be dropped. */
bool mio__kq_is_stale(const struct kqueue_selector *self, int fd, mio_token token);

/* Such an event is being delivered, and is not late: the rest of its registration is silenced once
 * the wait has fetched what is ready. */
void mio__kq_oneshot_fire(struct kqueue_selector *self, int fd, mio_token token);

/* The wait has fetched: silences what has fired. */
void mio__kq_end_fetch(struct kqueue_selector *self);

/* --- kqueue_ends.c; the lock is held by the caller --- */

/* Remembers such a registration: 0 or -ENOMEM. */
int mio__kq_end_add(struct kqueue_selector *self, int fd, mio_token token, mio_interest interest,
                    bool is_socket);

/* Remembers what it is given, also that there is none. */
void mio__kq_end_set(struct kqueue_selector *self, int fd, struct kqueue_end end);

/* Lets an add of EVFILT_READ keep data silent, where the kernel can. */
void mio__kq_mark_end(struct kevent *change, bool is_socket);

/* Whether a record is of such a registration. */
bool mio__kq_is_of_end(const struct kqueue_selector *self, const struct mio_event *record);

/* Looks at a record: false when it is to be dropped. It may be marked as an error. */
bool mio__kq_pass_end(struct kqueue_selector *self, struct mio_event *record);

/* --- kqueue_injected.c; the lock is held by the caller --- */

/* Keeps an event for the next wait, waking a waiter that sleeps; of a registration that the kernel
 * refused, or of one that it made. 0, -ENOMEM, or why there can be no doorbell. */
int mio__kq_inject(struct kqueue_selector *self, int fd, const struct mio_event *record,
                   enum kqueue_identity identity, bool refused);

/* The number of the event injected last. */
uint64_t mio__kq_injected(const struct kqueue_selector *self);

/*
 * Drops the events injected for a descriptor up to that number. Whether there was one, delivered or
 * not, that its file proves to be still the descriptor's; where a knote proves it, the answer to
 * that knote's deletion tells.
 */
bool mio__kq_forget_injected(struct kqueue_selector *self, int fd, uint64_t last);

/* Whether the file behind the descriptor of one with IDENTITY_FILE is what it was. */
bool mio__kq_is_same_file(const struct kqueue_injected *injected);

/* Takes it off the list of those that are due, where it need not be. */
void mio__kq_remove_due(struct kqueue_selector *self, struct kqueue_injected *injected);

/* Takes it from its descriptor, and releases it. */
void mio__kq_drop_injected(struct kqueue_selector *self, struct kqueue_injected *injected);

void mio__kq_release_injected(struct kqueue_selector *self);

/* --- kqueue_deliver.c --- */

/* The collector's. Takes the lock itself. */
int mio__kq_collect(struct mio__wake_node *node, struct mio_event *list, int capacity, bool *more);

/* --- kqueue_guard.c; the lock is held by the caller --- */

/* What the registration of a pipe for this interest needs. */
enum kqueue_guard_kind mio__kq_guard_for(mio_interest interest);

/* The same of a second registration, which leaves alone what it does not ask for. */
enum kqueue_guard_kind mio__kq_join_guard(struct kqueue_selector *self, int fd,
                                          mio_interest interest);

/* The caller adds READ by hand: a knote of ours is in the way of it. */
void mio__kq_give_up_guard(struct kqueue_selector *self, int fd, mio_token read_token);

/* Whether there is a knote of ours. */
bool mio__kq_is_guarded(const struct kqueue_selector *self, int fd);

/* Adds one that is silent and only goes with the descriptor: 0 or an errno value. */
int mio__kq_add_silent_guard(struct kqueue_selector *self, int fd);

/* A descriptor's knotes are what `guard` says; its place is there unless the kind is GUARD_NONE. */
void mio__kq_set_guard(struct kqueue_selector *self, int fd, struct kqueue_guard guard);

/*
 * Looks at a record of a guarded descriptor, `list[i]` of `count`: false when it is to be dropped.
 * It may become another.
 */
bool mio__kq_pass_guard(struct kqueue_selector *self, struct mio_event *list, int count, int i);

#endif
