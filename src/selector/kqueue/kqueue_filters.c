/* SPDX-License-Identifier: MIT */
/*
 * The filters behind an interest, and the flags of a knote in its mode.
 */
#include "../backends.h"

#if MIO_HAVE_KQUEUE

#include "kqueue.h"

const struct kqueue_filter mio__kq_filters[MAX_FILTERS] = {
    {MIO_WRITABLE, EVFILT_WRITE, 0},
    {MIO_READABLE, EVFILT_READ, 0},
    {MIO_PRIORITY, EXCEPT_FILTER, (uint32_t)EXCEPT_OOB},
};
const size_t mio__kq_filter_count = HAVE_EVFILT_EXCEPT ? MAX_FILTERS : MAX_FILTERS - 1;

unsigned mio__kq_mode_flags(mio_interest interest, const struct kqueue_filter *filter)
{
    /* Always an edge: elsewhere than on OpenBSD the filter fires for ordinary data too, and would
     * not stop (K35). */
    if (filter->interest == MIO_PRIORITY)
        return EV_CLEAR;
    if ((interest & MIO_ONESHOT) != 0)
        return EV_DISPATCH;
    return (interest & MIO_LEVEL) != 0 ? 0 : EV_CLEAR;
}

#endif
