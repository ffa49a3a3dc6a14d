/* SPDX-License-Identifier: MIT */
/*
 * What the files of the model share. Everything here is used with the model's lock held, unless
 * said otherwise.
 *
 * kqmodel.c        kqueue() and kevent(): the call, its change list, its receipts, its wait
 * kqmodel_knote.c  the table of knotes, news, one change
 * kqmodel_queue.c  the activation queue, delivery
 * kqmodel_filter.c when a filter is true, and what it reports
 * kqmodel_vnode.c  EVFILT_VNODE
 * kqmodel_process.c the end of a process
 * kqmodel_file.c   what Linux tells about a descriptor
 * kqmodel_record.c what it does not keep of a socket
 * kqmodel_io.c     the wrapped system calls, with kqmodel_pipe.c, kqmodel_connect.c, kqmodel_unix.c
 * kqmodel_kq.c     the table of kqueues, the lock, sleeping, closing and fork
 * kqmodel_hooks.c  what kqmodel.h offers to tests
 */
#ifndef KQMODEL_INNER_H
#define KQMODEL_INNER_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <sys/event.h>

#include "kqmodel_flavours.h"
#include "kqmodel_list.h"

enum {
    MAX_FAULTY_CHANGES = 64, /* in a call that was ordered to fail with EINTR */
    MAX_KQUEUES = 1024,
    MAX_KNOTES = 16384,
    MAX_DESCRIPTORS_SEEN = 65536,
    PIPE_MARK = 512 /* the room that a pipe's writer is told of */
};

/* --- kqmodel_file.c --- */

enum file_kind {
    FILE_PIPE,
    FILE_FIFO,
    FILE_STREAM, /* a socket with connections: TCP, Unix stream and seqpacket */
    FILE_DATAGRAM,
    FILE_LISTENER,
    FILE_REGULAR,
    FILE_DIRECTORY,
    FILE_DEVICE,
    FILE_KQUEUE,
    FILE_FOREIGN /* what no system with a kqueue has, an eventfd for instance */
};

struct file_id {
    dev_t device;
    ino_t inode;
};

/* One glance at a descriptor, in the figures of the flavour. */
struct look {
    enum file_kind kind;
    struct file_id id;
    int64_t unread;    /* bytes; connections of a listener; queued knotes of a kqueue */
    int64_t arrivals;  /* tells arrivals from other news: unread bytes, queued datagrams, all bytes
                          ever (TCP) */
    int64_t space;     /* free space for writing */
    int64_t in_flight; /* Unix streams: what the peer has not taken, in bytes where it is known */
    int64_t mark;      /* SO_RCVLOWAT */
    int64_t send_mark; /* SO_SNDLOWAT */
    bool reads;        /* the descriptor is open for reading: pipes and FIFOs */
    bool writes;
    bool writable; /* Linux would take data */
    bool connected;
    bool read_ended;
    bool write_ended;
    bool peer_gone; /* pipes, FIFOs and Unix streams: no other end */
    bool tcp;
    bool counted;      /* in_flight is in bytes */
    bool counts_all;   /* arrivals includes what has been read */
    bool urgent;       /* an urgent mark is ahead or reached */
    bool at_mark;      /* it is reached */
    bool was_listener; /* shut down since */
    bool pty;          /* devices: either side of a pseudo-terminal */
    bool pty_master;
    int error; /* so_error */
};

/* Linux's states of TCP. */
enum tcp_state {
    STATE_ESTABLISHED = 1,
    STATE_FIN_WAIT_1 = 4,
    STATE_FIN_WAIT_2 = 5,
    STATE_TIME_WAIT = 6,
    STATE_CLOSE = 7,
    STATE_CLOSE_WAIT = 8,
    STATE_LAST_ACK = 9,
    STATE_CLOSING = 11
};

bool file_identify(int fd, struct file_id *id);
bool file_same(struct file_id a, struct file_id b);
bool file_look(int fd, struct look *look);

/* Closes what the first look at a pty's master has to see closed. */
void file_prepare(int fd);

/* Of a descriptor that fstat() calls a FIFO: whether pipe() made it. */
bool pipe_is_unnamed(int fd);

/* --- kqmodel_identity.c --- */

/* A pipe was made (without the lock); a descriptor is about to be closed (with it). */
void identity_pipe_made(int fd);
void identity_closing(int fd);

/* --- kqmodel_pipe.c --- */

/* How much the flavour's pipe or FIFO holds. */
int64_t pipe_capacity(int fd, bool fifo);

/* --- kqmodel_record.c --- */

/* Sockets: bits that Linux forgets or hides; found again by the inode. */
struct record {
    struct file_id id;
    unsigned long used; /* the age of the last use, 0: empty */
    int error;          /* so_error taken from the kernel, not yet handed to the program */
    int backlog;        /* Unix listeners: connections made minus connections accepted */
    bool shut_read;
    bool shut_write;
    bool was_listener;
    bool urgent_ahead; /* the urgent byte was taken, its mark is not reached */
    bool mark_taken;   /* the reader stood at the mark and looked at the urgent byte */
    bool aborted;      /* the flavour has reset this TCP connection, Linux was made to */
    bool paired;       /* `peer` is known: Unix sockets that were made in this process */
    bool peer_closed;  /* and has closed */
    struct file_id peer;
    bool met_full;           /* Unix streams: Linux took no more, and has not said that it does */
    int64_t outstanding;     /* Unix streams: bytes written here that the peer has not read */
    struct file_id listener; /* where this Unix client waits to be accepted */
    unsigned long ticket;    /* its place there, 0: it does not wait */
    uint64_t name;           /* Unix listeners: what stands for their name */
};

struct record *record_find(struct file_id id); /* NULL: none */
struct record *record_each(struct record *previous);
struct record *record_make(struct file_id id);
void record_forget_all(void);

/* so_error as the program would get it; cleared. */
int record_take_error(int fd);

/* Throws away what was not read, and what the error queue of the moment says with it. */
void file_discard_unread(int fd);

/* --- knotes --- */

enum kind {
    KIND_READ,
    KIND_WRITE,
    KIND_EXCEPT,
    KIND_USER,
    KIND_VNODE,
    KIND_PROCESS,
    KIND_TIMER,
    KIND_AIO,
    KIND_LIO,
    KIND_UNMODELLED, /* the system has it, the model does not */
    KIND_UNKNOWN
};

struct kq;

/* EVFILT_VNODE: the numbers of inotify's, and the file as it was last seen. */
struct vnode_state {
    int watch;
    int parent; /* of the directory that it is in, or -1 */
    bool directory;
    int64_t size;
    int64_t links;
};

struct knote {
    LINK(struct knote) by_key;
    LINK(struct knote) by_file; /* only descriptors that are attached */
    LINK(struct knote) by_kq;
    LINK(struct knote) in_queue;
    struct kq *kq; /* NULL: free */
    uintptr_t ident;
    int filter;
    enum kind kind;
    unsigned flags; /* what events carry */
    unsigned asked_fflags;
    int64_t asked_data;
    unsigned fflags; /* what the next event carries */
    int64_t data;
    void *udata;
    int own_fd; /* EVFILT_PROC: a pidfd; EVFILT_TIMER: a timerfd; else, and before, -1 */
    bool active;
    bool queued;
    bool disabled;
    bool triggered;         /* EVFILT_USER */
    bool attached_listener; /* what the socket was when the knote came */
    bool ack_due;           /* TCP: an acknowledgement of own data is to be told of on its own */
    bool unhooked;          /* a device on macOS: its news do not get here */
    struct vnode_state vnode;
    struct look seen; /* the last glance; wrapped calls keep it up to date */
};

void knotes_reset(void);
int knotes_alive(void);
enum kind knote_kind(int filter);
bool kind_is_descriptor(enum kind kind);
struct knote *knote_find(struct kq *kq, uintptr_t ident, int filter);

/* The first knote of this file, and the one after `knote`. */
struct knote *knotes_of_file(struct file_id id);
struct knote *next_of_file(const struct knote *knote);

struct knote *knote_new(struct kq *kq, const struct kevent *change, enum kind kind);
void knote_drop(struct knote *knote);

/* Looks, and says whether there is something to report. */
bool knote_is_true_now(struct knote *knote);

/* News about its descriptor: looks, and activates when there is an edge (or `forced`) and the
 * filter is true. */
void knote_news(struct knote *knote, bool forced);

/* The same for all knotes of this file. */
void file_news(struct file_id id);

/* To be called before all knotes of this file are told of anything. */
void file_catch_up(struct file_id id);

/* News of the file behind a number that `kq` watches, to its knotes there; of `except` none. */
void number_news(struct kq *kq, int fd, struct file_id except);

/* One change. Returns 0 or an errno; what a receipt shows is left in `change`. */
int change_apply(struct kq *kq, struct kevent *change);

/* --- kqmodel_queue.c --- */

void knote_activate(struct knote *knote);
void knote_dequeue(struct knote *knote);

/* A queued one-shot that is not looked at again when it is fetched. */
bool knote_skips_check(const struct knote *knote);

/* Takes up to `room` events from the queue. */
int queue_fetch(struct kq *kq, struct kevent *events, int room);

/* --- kqmodel_filter.c --- */

/* Whether EVFILT_... may be attached to what `look` shows: 0 or an errno. */
int filter_attach(const struct knote *knote, const struct look *look);

/* Whether `now` is news for this knote, compared with what it had seen. */
bool filter_edge(const struct knote *knote, const struct look *now);

/* Whether what this knote's socket tells now wakes its writers before its readers. */
bool filter_writers_first(const struct knote *knote);

/* Whether the knote has something to report; its flags, fflags and data are set. */
bool filter_true(struct knote *knote, const struct look *now);

void filter_user_change(struct knote *knote, struct kevent *change, bool is_new);

/* --- kqmodel_vnode.c --- */

/* Attaches a knote of EVFILT_VNODE: 0 or an errno. */
int vnode_attach(struct knote *knote);
void vnode_detach(struct knote *knote);

/* Takes the news of all files. */
void vnode_harvest(void);
void vnode_forked(void);

/* --- kqmodel_process.c --- */

/* EVFILT_PROC: 0 or an errno. */
int process_attach(struct knote *knote);

/* Whether the process has ended; flags, fflags and data are set. */
bool process_is_over(struct knote *knote);

/* --- kqmodel_timer.c --- */

/* EVFILT_TIMER: 0 or an errno. */
int timer_attach(struct knote *knote, const struct kevent *change);
int timer_touch(struct knote *knote, const struct kevent *change);

/* Whether it has expired since its last event; data is set. */
bool timer_has_expired(struct knote *knote);

/* --- descriptors that knotes have: kqmodel_own.c --- */

/* The same as this descriptor (or -1), out of the way of tests that count on low numbers. */
int out_of_the_way(long fd);
void own_close(const struct knote *knote);

/* The inner epoll tells of one. */
void own_news(const struct kq *kq, int fd);

/* --- kqueues --- */

struct kq {
    bool used;
    bool closed; /* no descriptor left: it lives on for the threads that wait in it */
    bool dead;   /* closed under a waiter while a duplicate lives: waits in it end with EBADF */
    bool halted; /* being closed or moved: who wakes up stays where he is */
    bool raised; /* `always_ready` is armed in the inner epoll: the descriptor reads as ready */
    bool settling;
    bool harvesting;
    int fd;          /* the inner epoll */
    unsigned serial; /* its identity among files */
    int asleep;      /* threads in ppoll on fd */
    int waiters;     /* threads inside a wait */
    int knotes;
    int queued;
    int joined;       /* how often an outer kqueue was to hear of the queue */
    int pipe_writers; /* EVFILT_WRITE on pipes */
    bool acks_due;    /* a knote of it has `ack_due` */
    struct knote *list;
    struct knote *queue;
    struct knote **queue_end; /* where the next one goes */
};

/* The lock is taken with all signals blocked, so that kevent() can be called from a handler. */
void model_lock(sigset_t *mask);
void model_unlock(const sigset_t *mask);
_Noreturn void model_abort(const char *format, ...) __attribute__((format(printf, 1, 2)));

int kq_open(int flags, int *error);
struct kq *kq_of(int fd);
struct kq *kq_each(struct kq *previous);
struct file_id kq_id(const struct kq *kq);

/* Takes the news that the inner epoll has. */
void kq_harvest(struct kq *kq);

/* The same, but for news of that file. */
void kq_harvest_others(struct kq *kq, struct file_id except);

/* Makes the descriptor read as ready or not. */
void kq_raise(struct kq *kq);

/* The same, and tells outer kqueues: to be called whenever the queue may have changed and before
 * the lock is left. */
void kq_settle(struct kq *kq);
void kq_settle_all(void);

/* Sleeps until there may be news, `deadline` (nanoseconds, or INT64_MAX) or a signal; gives the
 * lock up meanwhile. Returns 0 or EINTR. */
int kq_sleep(struct kq *kq, int64_t deadline, const sigset_t *mask);
void kq_leave(struct kq *kq);

/* Watches a descriptor for its knotes: 0 or an errno. */
int kq_watch(struct kq *kq, int fd);
void kq_unwatch(struct kq *kq, int fd);

/* The number fd is about to be closed: its knotes go, and the kqueue if it is one. */
void descriptor_closing(int fd);

/* In the child of fork no kqueue exists. */
void kq_forked(void);

int64_t model_now(void);

/* --- kqmodel_hooks.c --- */

/* What the tests ordered for this call or change: 0 or an errno. */
int fault_of_kevent(void);
int fault_of_kqueue(void);
int fault_of_change(int filter);
bool user_filter_present(void);
bool older_release(void);
void note_call(const struct kevent *changes, long count);

/* --- kqmodel_orders.c --- */

bool loses_receipt(const struct kevent *change);
void note_timeout(const struct timespec *timeout);
void orders_reset(void);

/* --- the real system calls, under --wrap --- */

int __real_close(int fd);
int __real_fstat(int fd, struct stat *status);
int __real_getsockopt(int fd, int level, int name, void *value, socklen_t *size);
ssize_t __real_recv(int fd, void *buffer, size_t size, int flags);
int __real_connect(int fd, const struct sockaddr *address, socklen_t length);

#endif
