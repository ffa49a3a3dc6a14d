/* SPDX-License-Identifier: MIT */
#ifndef MIO_SRC_INTEREST_H
#define MIO_SRC_INTEREST_H

#include <mio/interest.h>

/*
 * Whether an interest may be registered with a selector that serves `served`: 0; -EINVAL when it is
 * empty, has unknown bits or bits that exclude each other; -ENOTSUP when it is right but not all of
 * it is served.
 */
int mio_interest_check(mio_interest interest, mio_interest served);

#endif
