/* SPDX-License-Identifier: MIT */
#include "text.h"

#include <stdarg.h>
#include <stdio.h>

void mio__text_add(struct mio__text *text, const char *format, ...)
{
    size_t room = text->length < text->size ? text->size - text->length : 0;
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(room > 0 ? text->buffer + text->length : NULL, room, format, arguments);
    va_end(arguments);
    if (length > 0)
        text->length += (size_t)length;
}

void mio__text_add_bits(struct mio__text *text, uint32_t bits, const struct mio__name *names,
                        size_t count)
{
    if (bits == 0) {
        mio__text_add(text, "(empty)");
        return;
    }
    const char *separator = "";
    uint32_t unnamed = bits;
    for (size_t i = 0; i < count; i++) {
        uint32_t value = names[i].value;
        /* A bit already covered by a wider name is not said twice. */
        if (value == 0 || (bits & value) != value || (unnamed & value) == 0)
            continue;
        mio__text_add(text, "%s%s", separator, names[i].name);
        separator = "|";
        unnamed &= ~value;
    }
    if (unnamed != 0)
        mio__text_add(text, "%s0x%x", separator, (unsigned)unnamed);
}

int mio__text_result(const struct mio__text *text)
{
    return (int)text->length;
}
