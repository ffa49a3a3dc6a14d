/* SPDX-License-Identifier: MIT */
/*
 * One-shot registrations of several filters.
 *
 * Each filter is a knote that fires by itself, but a one-shot registration is to deliver once. So
 * when one filter has fired the others are disabled. A kernel that is short of memory may refuse
 * that: what comes of them all the same is dropped. They are disabled when the wait has fetched, so
 * that what is ready with the first comes with it. They are kept by descriptor with the token, so
 * that an event of an earlier registration does not silence a later one.
 */
#include "../backends.h"

#if MIO_HAVE_KQUEUE

#include "kqueue.h"

bool mio__kq_is_multi_filter_oneshot(mio_interest interest)
{
    if ((interest & MIO_ONESHOT) == 0)
        return false;
    /* EVFILT_EXCEPT, and EVFILT_READ where data is no event, are never EV_DISPATCH, since what is
     * dropped would disable them: they have to be silenced by hand. */
    return (interest & MIO_PRIORITY) != 0 || mio__kq_is_of_ends(interest) ||
           (interest & (MIO_READABLE | MIO_WRITABLE)) == (MIO_READABLE | MIO_WRITABLE);
}

int mio__kq_oneshot_add(struct kqueue_selector *self, int fd, mio_token token,
                        mio_interest interest)
{
    int error = mio__kq_reserve(self, fd);
    if (error < 0)
        return error;
    mio__kq_at(self, fd)->oneshot = (struct kqueue_oneshot){.token = token, .interest = interest};
    mio__kq_filter_from_now_on(self);
    return 0;
}

static struct kqueue_oneshot *find_oneshot(const struct kqueue_selector *self, int fd)
{
    struct kqueue_descriptor *known = mio__kq_find(self, fd);
    return known && known->oneshot.interest != 0 ? &known->oneshot : NULL;
}

void mio__kq_oneshot_forget(struct kqueue_selector *self, int fd)
{
    struct kqueue_oneshot *oneshot = find_oneshot(self, fd);
    if (oneshot)
        *oneshot = (struct kqueue_oneshot){.interest = 0};
}

void mio__kq_oneshot_put_back(struct kqueue_selector *self, int fd, struct kqueue_oneshot oneshot)
{
    if (oneshot.interest != 0)
        mio__kq_at(self, fd)->oneshot = oneshot; /* the table never shrinks */
}

bool mio__kq_is_stale(const struct kqueue_selector *self, int fd, mio_token token)
{
    const struct kqueue_oneshot *oneshot = find_oneshot(self, fd);
    return oneshot && oneshot->token == token && oneshot->spent &&
           oneshot->spent_in != self->base.wakes.waits;
}

static void disable_all(struct kqueue_selector *self, int fd)
{
    const struct kqueue_oneshot *oneshot = find_oneshot(self, fd);
    struct kevent changes[MAX_FILTERS];
    int errors[MAX_FILTERS]; /* not looked at: what is not silent is dropped when it comes */
    size_t count = 0;
    if (!oneshot || !oneshot->spent) /* it is another by now */
        return;
    for (size_t i = 0; i < mio__kq_filter_count; i++) {
        const struct kqueue_filter *filter = &mio__kq_filters[i];
        if (mio__kq_asks(oneshot->interest, filter))
            changes[count++] = kqueue_change((uintptr_t)fd, filter->filter, EV_DISABLE,
                                             filter->fflags, oneshot->token);
    }
    (void)mio__kevent_register(self, changes, count, errors);
}

static void silence_later(struct kqueue_selector *self, int fd)
{
    struct kqueue_descriptor *descriptor = mio__kq_at(self, fd);
    if (descriptor->to_silence)
        return;
    descriptor->to_silence = true;
    descriptor->next_to_silence = self->kept.to_silence;
    self->kept.to_silence = fd;
}

void mio__kq_oneshot_fire(struct kqueue_selector *self, int fd, mio_token token)
{
    struct kqueue_oneshot *oneshot = find_oneshot(self, fd);
    if (!oneshot || oneshot->token != token || oneshot->spent)
        return;
    oneshot->spent = true;
    oneshot->spent_in = self->base.wakes.waits;
    if (self->kept.fetched_in == self->base.wakes.waits)
        disable_all(self, fd);
    else
        silence_later(self, fd);
}

void mio__kq_end_fetch(struct kqueue_selector *self)
{
    struct kqueue_descriptors *kept = &self->kept;
    kept->fetched_in = self->base.wakes.waits;
    while (kept->to_silence >= 0) {
        int fd = kept->to_silence;
        struct kqueue_descriptor *descriptor = mio__kq_at(self, fd);
        kept->to_silence = descriptor->next_to_silence;
        descriptor->to_silence = false;
        disable_all(self, fd);
    }
}

#endif
