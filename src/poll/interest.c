/* SPDX-License-Identifier: MIT */
#include "interest.h"

#include "../record/text.h"

#include <errno.h>

extern inline mio_interest mio_interest_add(mio_interest interest, mio_interest other);
extern inline mio_interest mio_interest_remove(mio_interest interest, mio_interest other);
extern inline bool mio_interest_is_readable(mio_interest interest);
extern inline bool mio_interest_is_writable(mio_interest interest);
extern inline bool mio_interest_is_priority(mio_interest interest);
extern inline bool mio_interest_is_aio(mio_interest interest);
extern inline bool mio_interest_is_lio(mio_interest interest);
extern inline bool mio_interest_is_error(mio_interest interest);
extern inline bool mio_interest_is_read_closed(mio_interest interest);

static const struct mio__name interest_names[] = {
    {"READABLE", MIO_READABLE},
    {"WRITABLE", MIO_WRITABLE},
    {"PRIORITY", MIO_PRIORITY},
    {"ERROR", MIO_ERROR},
    {"READ_CLOSED", MIO_READ_CLOSED},
    {"AIO", MIO_AIO},
    {"LIO", MIO_LIO},
    {"LEVEL", MIO_LEVEL},
    {"ONESHOT", MIO_ONESHOT},
    {"EXCLUSIVE", MIO_EXCLUSIVE},
};

/* Pairs that mean nothing together. Those of EXCLUSIVE are refused by epoll itself (E5), but for an
 * error, which it tells of anyway. */
static const mio_interest contradictions[] = {
    MIO_LEVEL | MIO_ONESHOT,         MIO_EXCLUSIVE | MIO_ONESHOT, MIO_EXCLUSIVE | MIO_PRIORITY,
    MIO_EXCLUSIVE | MIO_READ_CLOSED, MIO_EXCLUSIVE | MIO_ERROR,
};

int mio__interest_check_all(mio_interest interest, mio_interest served)
{
    if ((interest & MIO_ALL_READINESS) == 0)
        return -EINVAL;
    if ((interest & ~(MIO_ALL_READINESS | MIO_ALL_MODES)) != 0)
        return -EINVAL;
    for (size_t i = 0; i < sizeof contradictions / sizeof contradictions[0]; i++) {
        if ((interest & contradictions[i]) == contradictions[i])
            return -EINVAL;
    }
    return (interest & ~served) != 0 ? -ENOTSUP : 0;
}

int mio_interest_format(mio_interest interest, char *buffer, size_t size)
{
    struct mio__text text = {.buffer = buffer, .size = size, .length = 0};
    mio__text_add_bits(&text, interest, interest_names,
                       sizeof interest_names / sizeof interest_names[0]);
    return mio__text_result(&text);
}
