/* SPDX-License-Identifier: MIT */
/*
 * The filters behind an interest, and the flags of a knote in its mode.
 */
#include "../backends.h"

#if MIO_HAVE_KQUEUE

#include "kqueue.h"

const struct kqueue_filter mio__kq_filters[MAX_FILTERS] = {
    {MIO_WRITABLE, EVFILT_WRITE, 0},
    {MIO_READABLE | MIO_READ_CLOSED | MIO_ERROR, EVFILT_READ, 0},
    {MIO_PRIORITY, EXCEPT_FILTER, (uint32_t)EXCEPT_OOB},
};
const size_t mio__kq_filter_count = HAVE_EVFILT_EXCEPT ? MAX_FILTERS : MAX_FILTERS - 1;

bool mio__kq_asks(mio_interest interest, const struct kqueue_filter *filter)
{
    /* EVFILT_WRITE tells of errors by itself. */
    if ((interest & MIO_WRITABLE) != 0)
        interest &= ~MIO_ERROR;
    return (interest & filter->interest) != 0;
}

bool mio__kq_reads(mio_interest interest)
{
    return mio__kq_asks(interest, &mio__kq_filters[READING]);
}

bool mio__kq_is_of_ends(mio_interest interest)
{
    return (interest & MIO_READABLE) == 0 && mio__kq_reads(interest);
}

unsigned mio__kq_mode_flags(mio_interest interest, const struct kqueue_filter *filter)
{
    /* Always an edge: elsewhere than on OpenBSD the filter fires for ordinary data too, and would
     * not stop (K35). */
    if (filter->interest == MIO_PRIORITY)
        return EV_CLEAR;
    if (filter == &mio__kq_filters[READING] && mio__kq_is_of_ends(interest))
        return EV_CLEAR; /* level and one-shot by hand: kqueue_ends.c, kqueue_oneshots.c */
    if ((interest & MIO_ONESHOT) != 0)
        return EV_DISPATCH;
    return (interest & MIO_LEVEL) != 0 ? 0 : EV_CLEAR;
}

#endif
