/* SPDX-License-Identifier: MIT */
/*
 * The kqueues, the lock, and sleeping.
 *
 * A kqueue is one Linux epoll descriptor. The descriptors that have knotes are in it with EPOLLET:
 * that tells when to look at them again, and no more; what is true is asked anew each time. Besides
 * them each epoll holds one eventfd of the whole process, `always_ready`, made before main() and
 * armed only while the kqueue has queued knotes. So a kqueue costs one descriptor, reads as ready
 * to poll(2) and to an outer kqueue when it should, and wakes its sleepers, who wait with ppoll(2)
 * on the epoll descriptor itself.
 *
 * One mutex guards the model. It is held with all signals blocked and never while sleeping: ppoll()
 * lets the signals in again, atomically, which is also what makes a signal that came just before
 * the sleep end it with EINTR.
 *
 * Closing: the sleepers are stopped first, then the descriptor goes. Where close() ends waits they
 * find that out; else the kqueue moves to a hidden duplicate until the last of them has left.
 */
#define _GNU_SOURCE

#include "kqmodel_inner.h"

#include "open_descriptors.h"
#include "same_file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <sys/epoll.h>
#include <sys/eventfd.h>

enum {
    HIDDEN_DESCRIPTOR = 500, /* out of the way of tests that count on low numbers */
    ALWAYS_READY = -1,
    BATCH = 32,
    SLICE_NANOSECONDS = 10 * 1000 * 1000
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int always_ready = -1;
static unsigned serials;
static struct kq kqueues[MAX_KQUEUES];
static struct kq *kqueues_end = kqueues;     /* none above was ever used */
static short kq_by_fd[MAX_DESCRIPTORS_SEEN]; /* index + 1 */

__attribute__((constructor)) static void open_always_ready(void)
{
    int fd = eventfd(1, EFD_CLOEXEC);
    always_ready = fcntl(fd, F_DUPFD_CLOEXEC, HIDDEN_DESCRIPTOR);
    if (always_ready < 0)
        always_ready = fd;
    else
        __real_close(fd);
    knotes_reset();
}

void model_lock(sigset_t *mask)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, mask);
    pthread_mutex_lock(&lock);
}

void model_unlock(const sigset_t *mask)
{
    pthread_mutex_unlock(&lock);
    pthread_sigmask(SIG_SETMASK, mask, NULL);
}

void model_abort(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "kqueue model (%s): ", flavour.name);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    abort();
}

int64_t model_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* --- the table --- */

/* A number that dup() or fcntl() made is met here for the first time. */
static struct kq *adopt_duplicate(int fd)
{
    if (!is_epoll(fd))
        return NULL;
    for (struct kq *kq = kq_each(NULL); kq; kq = kq_each(kq)) {
        if (!kq->closed && same_file(kq->fd, fd)) {
            kq_by_fd[fd] = (short)(kq - kqueues + 1);
            return kq;
        }
    }
    return NULL;
}

struct kq *kq_of(int fd)
{
    if (fd < 0 || fd >= MAX_DESCRIPTORS_SEEN)
        return NULL;
    return kq_by_fd[fd] ? &kqueues[kq_by_fd[fd] - 1] : adopt_duplicate(fd);
}

struct kq *kq_each(struct kq *previous)
{
    for (struct kq *kq = previous ? previous + 1 : kqueues; kq < kqueues_end; kq++) {
        if (kq->used)
            return kq;
    }
    return NULL;
}

struct file_id kq_id(const struct kq *kq)
{
    return (struct file_id){.device = 0, .inode = kq->serial};
}

int kq_open(int flags, int *error)
{
    struct kq *kq = kqueues;
    while (kq < kqueues + MAX_KQUEUES && kq->used)
        kq++;
    if (kq == kqueues + MAX_KQUEUES)
        model_abort("more than %d kqueues", MAX_KQUEUES);
    int fd = epoll_create1(flags);
    if (fd < 0) {
        *error = errno;
        return -1;
    }
    if (fd >= MAX_DESCRIPTORS_SEEN)
        model_abort("descriptor %d is beyond the model's tables", fd);
    struct epoll_event none = {.events = 0, .data = {.fd = ALWAYS_READY}};
    if (epoll_ctl(fd, EPOLL_CTL_ADD, always_ready, &none) != 0)
        model_abort("the model's own descriptor %d was closed", always_ready);
    *kq = (struct kq){.used = true, .fd = fd, .serial = ++serials};
    kq->queue_end = &kq->queue;
    kq_by_fd[fd] = (short)(kq - kqueues + 1);
    if (kq == kqueues_end)
        kqueues_end++;
    return fd;
}

/* --- what the inner epoll knows --- */

int kq_watch(struct kq *kq, int fd)
{
    struct epoll_event event = {
        .events = EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP | EPOLLET,
        .data = {.fd = fd},
    };
    if (epoll_ctl(kq->fd, EPOLL_CTL_ADD, fd, &event) == 0)
        return 0;
    /* EEXIST: watched for another knote. ELOOP and EINVAL: kqueues in a circle, which some systems
     * accept. */
    return errno == EEXIST || errno == ELOOP || errno == EINVAL ? 0 : errno;
}

void kq_unwatch(struct kq *kq, int fd)
{
    struct epoll_event ignored = {.events = 0, .data = {.fd = fd}};
    epoll_ctl(kq->fd, EPOLL_CTL_DEL, fd, &ignored);
}

/* A pipe that is full for the flavour has room for Linux, which then says nothing when another
 * process reads. */
static bool waits_for_pipe(const struct knote *knote)
{
    return knote->kind == KIND_WRITE && knote->seen.kind == FILE_PIPE && !knote->queued &&
           knote->seen.space < flavour.pipe_read_posts_write;
}

static void ask_full_pipes(struct kq *kq)
{
    for (struct knote *knote = kq->list; knote; knote = knote->by_kq.next) {
        if (waits_for_pipe(knote))
            knote_news(knote, false);
    }
}

static bool has_full_pipes(const struct kq *kq)
{
    const struct knote *knote = kq->pipe_writers > 0 ? kq->list : NULL;
    while (knote && !waits_for_pipe(knote))
        knote = knote->by_kq.next;
    return knote != NULL;
}

/* Acknowledgements of what was written are news of their own once the write's has been fetched. */
static void post_acks(struct kq *kq)
{
    kq->acks_due = false;
    for (struct knote *knote = kq->list; knote; knote = knote->by_kq.next) {
        if (knote->ack_due && !knote->queued) {
            knote->ack_due = false;
            knote_news(knote, true);
        }
        kq->acks_due = kq->acks_due || knote->ack_due;
    }
}

void kq_harvest_others(struct kq *kq, struct file_id except)
{
    if (kq->harvesting)
        return;
    kq->harvesting = true;
    struct epoll_event events[BATCH];
    int count;
    vnode_harvest();
    do {
        count = epoll_wait(kq->fd, events, BATCH, 0);
        if (count < 0)
            model_abort("kqueue %d was closed by other means than close()", kq->fd);
        for (int i = 0; i < count; i++) {
            if (events[i].data.fd != ALWAYS_READY)
                number_news(kq, events[i].data.fd, except);
        }
    } while (count == BATCH);
    if (kq->pipe_writers > 0)
        ask_full_pipes(kq);
    if (kq->acks_due)
        post_acks(kq);
    kq->harvesting = false;
}

void kq_harvest(struct kq *kq)
{
    kq_harvest_others(kq, (struct file_id){.inode = 0});
}

void kq_raise(struct kq *kq)
{
    bool ready = kq->queued > 0;
    if (ready == kq->raised || kq->fd < 0)
        return;
    struct epoll_event event = {.events = ready ? EPOLLIN : 0, .data = {.fd = ALWAYS_READY}};
    if (epoll_ctl(kq->fd, EPOLL_CTL_MOD, always_ready, &event) != 0)
        model_abort("the model's own descriptor %d was closed", always_ready);
    kq->raised = ready;
}

void kq_settle(struct kq *kq)
{
    if (kq->settling)
        return;
    kq->settling = true;
    kq_raise(kq);
    file_news(kq_id(kq));
    kq->settling = false;
}

void kq_settle_all(void)
{
    for (struct kq *kq = kq_each(NULL); kq; kq = kq_each(kq))
        kq_settle(kq);
}

/* --- sleeping --- */

static int64_t at_most(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int kq_sleep(struct kq *kq, int64_t deadline, const sigset_t *mask)
{
    enum { NANOSECONDS = 1000000000 };
    int64_t left = deadline == INT64_MAX ? INT64_MAX : deadline - model_now();
    if (left < 0)
        left = 0;
    if (has_full_pipes(kq))
        left = at_most(left, SLICE_NANOSECONDS);
    struct timespec time = {.tv_sec = (time_t)(left / NANOSECONDS),
                            .tv_nsec = (long)(left % NANOSECONDS)};
    struct pollfd ready = {.fd = kq->fd, .events = POLLIN};

    kq->asleep++;
    pthread_mutex_unlock(&lock);
    int result = ppoll(&ready, 1, left == INT64_MAX ? NULL : &time, mask);
    int error = result < 0 ? errno : 0;
    pthread_mutex_lock(&lock);
    if (--kq->asleep == 0)
        pthread_cond_broadcast(&changed);
    while (kq->halted)
        pthread_cond_wait(&changed, &lock);
    return error == EINTR ? EINTR : 0;
}

/* --- closing --- */

static void destroy(struct kq *kq)
{
    while (kq->list)
        knote_drop(kq->list);
    kq->used = false;
}

void kq_leave(struct kq *kq)
{
    kq->waiters--;
    if (!kq->closed || kq->waiters > 0)
        return;
    int hidden = kq->fd;
    destroy(kq);
    if (hidden >= 0)
        __real_close(hidden);
}

static int find_duplicate(const struct kq *kq, int fd)
{
    struct open_descriptors open;
    open_descriptors_look(&open);
    for (int i = 0; i < open.count; i++) {
        if (open.numbers[i] != fd && same_file(kq->fd, open.numbers[i]))
            return open.numbers[i];
    }
    return -1;
}

static void stop_sleepers(struct kq *kq)
{
    kq->halted = true;
    while (kq->asleep > 0) {
        struct epoll_event event = {.events = EPOLLIN, .data = {.fd = ALWAYS_READY}};
        epoll_ctl(kq->fd, EPOLL_CTL_MOD, always_ready, &event);
        kq->raised = true;
        pthread_cond_wait(&changed, &lock);
    }
}

static void let_sleepers_go(struct kq *kq)
{
    kq->halted = false;
    pthread_cond_broadcast(&changed);
}

static void keep_duplicate(struct kq *kq, int fd, int duplicate)
{
    bool dies = kq->waiters > 0 && flavour.close_kills_duplicates;
    kq_by_fd[duplicate] = (short)(kq - kqueues + 1);
    if (kq->fd != fd && !dies)
        return;
    stop_sleepers(kq);
    kq->dead = kq->dead || dies;
    if (kq->fd == fd)
        kq->fd = duplicate;
    let_sleepers_go(kq);
}

static void kq_number_closing(struct kq *kq, int fd)
{
    kq_by_fd[fd] = 0;
    int duplicate = find_duplicate(kq, fd);
    if (duplicate >= 0) {
        keep_duplicate(kq, fd, duplicate);
        return;
    }
    if (kq->waiters == 0) {
        destroy(kq);
        return;
    }
    stop_sleepers(kq);
    kq->closed = true;
    /* The knotes of a kqueue that ends its waits go with it; the others fire on. */
    kq->fd = flavour.close_wakes ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, HIDDEN_DESCRIPTOR);
    let_sleepers_go(kq);
}

static void drop_knotes_of(int fd)
{
    const int filters[] = {EVFILT_READ, EVFILT_WRITE, flavour.except_filter, EVFILT_VNODE};
    for (struct kq *kq = kq_each(NULL); kq; kq = kq_each(kq))
        for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++) {
            struct knote *knote = knote_find(kq, (uintptr_t)fd, filters[i]);
            if (knote)
                knote_drop(knote);
        }
}

void descriptor_closing(int fd)
{
    if (fd < 0)
        return;
    if (knotes_alive() > 0)
        drop_knotes_of(fd);
    if (fd < MAX_DESCRIPTORS_SEEN && kq_by_fd[fd])
        kq_number_closing(&kqueues[kq_by_fd[fd] - 1], fd);
    kq_settle_all();
}

void kq_forked(void)
{
    for (int fd = 0; fd < MAX_DESCRIPTORS_SEEN; fd++) {
        if (kq_by_fd[fd])
            __real_close(fd);
        kq_by_fd[fd] = 0;
    }
    for (struct kq *kq = kq_each(NULL); kq; kq = kq_each(kq)) {
        for (struct knote *knote = kq->list; knote; knote = knote->by_kq.next)
            own_close(knote);
        if (kq->closed && kq->fd >= 0)
            __real_close(kq->fd);
        kq->used = false;
    }
    knotes_reset();
    vnode_forked();
    record_forget_all();
    pthread_cond_init(&changed, NULL);
}
