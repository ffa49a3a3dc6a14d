/* SPDX-License-Identifier: MIT */
#ifndef MIO_SRC_POLL_INTEREST_H
#define MIO_SRC_POLL_INTEREST_H

#include <mio/interest.h>

int mio__interest_check_all(mio_interest interest, mio_interest served);

/* What nearly all registrations are, and every selector serves. */
static inline bool mio__interest_is_usual(mio_interest interest)
{
    return interest != 0 && (interest & ~(MIO_READABLE | MIO_WRITABLE)) == 0;
}

/*
 * Whether an interest may be registered with a selector that serves `served`: 0; -EINVAL when it is
 * empty, has unknown bits or bits that exclude each other; -ENOTSUP when it is right but not all of
 * it is served.
 */
static inline int mio__interest_check(mio_interest interest, mio_interest served)
{
    return mio__interest_is_usual(interest) ? 0 : mio__interest_check_all(interest, served);
}

#endif
