/* SPDX-License-Identifier: MIT */
/*
 * What the kqueue selector remembers, because no kernel would tell it.
 *
 * One-shot registrations of several filters. Each filter is a knote that fires by itself, but a
 * one-shot registration is to deliver once: when one filter has fired, the others are disabled,
 * and dropped should they come all the same, since a kernel short of memory may refuse to disable.
 * Kept by descriptor with the token, so that an event of an earlier registration does not silence a
 * later one. What is left here of a descriptor that was closed does no harm: it is looked at only
 * when a one-shot event with the same token comes, and registering the number again clears it.
 *
 * Injected events. FreeBSD, DragonFly and others refuse to watch the writing end of a pipe whose
 * reader is gone (K9), which is the very event that was asked for; and a kqueue that is a library
 * may hand out events while it is given changes (K3). Such events are delivered by the next wait,
 * through the wake queue. Delivered ones stay on the list, since their descriptor counts as
 * registered although the kernel has no knote of it.
 */
#include "backends.h"

#if MIO_HAVE_KQUEUE

#include "kqueue.h"

#include "../error.h"
#include "../memory.h"

#include <sys/stat.h>

/* --- one-shot registrations of several filters --- */

bool mio_kq_is_joint_oneshot(mio_interest interest)
{
    if ((interest & MIO_ONESHOT) == 0)
        return false;
    /* EVFILT_EXCEPT is never EV_DISPATCH, since what is dropped would disable it: it has to be
     * silenced by hand. */
    return (interest & MIO_PRIORITY) != 0 ||
           (interest & (MIO_READABLE | MIO_WRITABLE)) == (MIO_READABLE | MIO_WRITABLE);
}

int mio_kq_keep_oneshot(struct kqueue_selector *self, int fd, mio_token token,
                        mio_interest interest)
{
    struct kqueue_kept *kept = &self->kept;
    void *block = kept->oneshots;
    int error = mio_grow(&self->base.config.allocator, &block, &kept->oneshot_room, (size_t)fd + 1,
                         sizeof *kept->oneshots);
    if (error < 0)
        return error;
    kept->oneshots = block;
    kept->oneshots[fd] = (struct kqueue_oneshot){.token = token, .interest = interest};
    mio_kq_sift_from_now_on(self);
    return 0;
}

static struct kqueue_oneshot *find_oneshot(const struct kqueue_selector *self, int fd)
{
    const struct kqueue_kept *kept = &self->kept;
    bool known = fd >= 0 && (size_t)fd < kept->oneshot_room && kept->oneshots[fd].interest != 0;
    return known ? &kept->oneshots[fd] : NULL;
}

void mio_kq_forget_oneshot(struct kqueue_selector *self, int fd)
{
    struct kqueue_oneshot *oneshot = find_oneshot(self, fd);
    if (oneshot)
        *oneshot = (struct kqueue_oneshot){.interest = 0};
}

struct kqueue_oneshot mio_kq_oneshot_of(const struct kqueue_selector *self, int fd)
{
    const struct kqueue_oneshot *oneshot = find_oneshot(self, fd);
    return oneshot ? *oneshot : (struct kqueue_oneshot){.interest = 0};
}

void mio_kq_put_back_oneshot(struct kqueue_selector *self, int fd, struct kqueue_oneshot oneshot)
{
    if (oneshot.interest != 0)
        self->kept.oneshots[fd] = oneshot; /* the table never shrinks */
}

bool mio_kq_is_late(const struct kqueue_selector *self, int fd, mio_token token)
{
    const struct kqueue_oneshot *oneshot = find_oneshot(self, fd);
    return oneshot && oneshot->token == token && oneshot->spent &&
           oneshot->spent_in != self->base.wakes.waits;
}

void mio_kq_fire_oneshot(struct kqueue_selector *self, int fd, mio_token token)
{
    struct kqueue_oneshot *oneshot = find_oneshot(self, fd);
    if (!oneshot || oneshot->token != token || oneshot->spent)
        return;
    struct kevent changes[MAX_FILTERS];
    int errors[MAX_FILTERS]; /* not looked at: what is not silent is dropped when it comes */
    size_t count = 0;
    for (size_t i = 0; i < mio_kq_filter_count; i++) {
        const struct kqueue_filter *filter = &mio_kq_filters[i];
        if ((oneshot->interest & filter->interest) != 0)
            changes[count++] =
                kqueue_change((uintptr_t)fd, filter->filter, EV_DISABLE, filter->fflags, token);
    }
    oneshot->spent = true;
    oneshot->spent_in = self->base.wakes.waits;
    (void)mio_kevent_register(self, changes, count, errors);
}

/* --- injected events --- */

/* The file behind a descriptor: 0 or -errno. */
static int identify(int fd, dev_t *device, ino_t *inode)
{
    struct stat status;
    int saved = errno;
    if (fstat(fd, &status) < 0)
        return mio_failed(saved);
    *device = status.st_dev;
    *inode = status.st_ino;
    return 0;
}

/* Whether the descriptor of an injected event may still be of the file it was injected for. */
static bool is_current(const struct kqueue_injected *injected)
{
    dev_t device = 0;
    ino_t inode = 0;
    int error = identify(injected->fd, &device, &inode);
    if (error < 0)
        return error != -EBADF;
    return device == injected->device && inode == injected->inode;
}

int mio_kq_inject(struct kqueue_selector *self, int fd, const struct mio_event *record,
                  bool refused)
{
    struct kqueue_kept *kept = &self->kept;
    int error = mio_selector_arm(&self->base);
    if (error < 0)
        return error;
    void *block = kept->injected;
    error = mio_grow(&self->base.config.allocator, &block, &kept->injected_room,
                     kept->injected_count + 1, sizeof *kept->injected);
    if (error < 0)
        return error;
    kept->injected = block;
    struct kqueue_injected injected = {.fd = fd, .refused = refused, .record = *record};
    error = identify(fd, &injected.device, &injected.inode);
    if (error < 0)
        return error;
    kept->injected[kept->injected_count++] = injected;
    return mio_wake_queue_push(&self->base, &self->collector);
}

bool mio_kq_forget_injected(struct kqueue_selector *self, int fd)
{
    struct kqueue_kept *kept = &self->kept;
    size_t left = 0;
    bool found = false;
    for (size_t i = 0; i < kept->injected_count; i++) {
        if (kept->injected[i].fd != fd)
            kept->injected[left++] = kept->injected[i];
        else
            found = found || is_current(&kept->injected[i]);
    }
    kept->injected_count = left;
    return found;
}

int mio_kq_collect(struct mio_selector *selector, struct mio_event *list, int room, bool *more)
{
    struct kqueue_selector *self = kqueue_of(selector);
    struct kqueue_kept *kept = &self->kept;
    size_t left = 0;
    int count = 0;
    *more = false;
    mio_lock_take(&self->lock);
    for (size_t i = 0; i < kept->injected_count; i++) {
        struct kqueue_injected injected = kept->injected[i];
        if (!is_current(&injected))
            continue;
        mio_token token = mio_event_token(&injected.record);
        injected.delivered = injected.delivered || mio_kq_is_late(self, injected.fd, token);
        bool due = !injected.delivered;
        if (due && count < room) {
            list[count++] = injected.record;
            injected.delivered = true;
        } else if (due) {
            *more = true;
        }
        if (injected.refused || !injected.delivered)
            kept->injected[left++] = injected;
    }
    kept->injected_count = left;
    for (int i = 0; i < count; i++)
        mio_kq_fire_oneshot(self, (int)list[i].ident, mio_event_token(&list[i]));
    mio_lock_give(&self->lock);
    return count;
}

void mio_kq_release_kept(struct kqueue_selector *self)
{
    struct kqueue_kept *kept = &self->kept;
    const struct mio_allocator *allocator = &self->base.config.allocator;
    mio_release(allocator, kept->oneshots, kept->oneshot_room * sizeof *kept->oneshots);
    mio_release(allocator, kept->injected, kept->injected_room * sizeof *kept->injected);
}

#endif
