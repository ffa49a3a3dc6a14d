/* SPDX-License-Identifier: MIT */
/* A text put together piece by piece with the result of snprintf: what fits is written, the whole
 * length is counted. */
#ifndef MIO_SRC_RECORD_TEXT_H
#define MIO_SRC_RECORD_TEXT_H

#include <stddef.h>
#include <stdint.h>

struct mio__text {
    char *buffer;  /* NULL when size is 0 */
    size_t size;   /* of the buffer, its terminating 0 included */
    size_t length; /* of the whole text, written or not */
};

/* A name for a bit or a value. */
struct mio__name {
    const char *name;
    uint32_t value;
};

#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void mio__text_add(struct mio__text *text, const char *format, ...);

/* Bits by name, joined with '|'; what has no name in hex; "(empty)" for 0. A name of several bits
 * needs all of them. */
void mio__text_add_bits(struct mio__text *text, uint32_t bits, const struct mio__name *names,
                        size_t count);

/* The length for the caller, as snprintf has it. */
int mio__text_result(const struct mio__text *text);

#endif
