/* SPDX-License-Identifier: MIT */
/* A text put together piece by piece with the result of snprintf: what fits is written, the whole
 * length is counted. */
#ifndef MIO_SRC_TEXT_H
#define MIO_SRC_TEXT_H

#include <stddef.h>
#include <stdint.h>

struct mio_text {
    char *buffer;  /* NULL when size is 0 */
    size_t size;   /* of the buffer, its terminating 0 included */
    size_t length; /* of the whole text, written or not */
};

/* A name for a bit or a value. */
struct mio_name {
    const char *name;
    uint32_t value;
};

#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void mio_text_add(struct mio_text *text, const char *format, ...);

/* Bits by name, joined with '|'; what has no name in hex; "(empty)" for 0. A name of several bits
 * needs all of them. */
void mio_text_add_bits(struct mio_text *text, uint32_t bits, const struct mio_name *names,
                       size_t count);

/* The length for the caller, as snprintf has it. */
int mio_text_result(const struct mio_text *text);

#endif
