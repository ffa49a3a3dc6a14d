/* SPDX-License-Identifier: MIT */
/* Addresses as text. Everything is read here and not by inet_pton(), which systems differ in. */
#include "../record/text.h"

#include <mio/addr.h>

#include <errno.h>
#include <limits.h>
#include <string.h>

enum { GROUPS = 8, NO_GAP = -1 };

/* What is still to be read. The functions below move it behind what they read, or return false. */
struct reader {
    const char *at;
};

static bool take_char(struct reader *reader, char wanted)
{
    if (*reader->at != wanted)
        return false;
    reader->at++;
    return true;
}

static int digit_value(char character, uint32_t base)
{
    static const char digits[] = "0123456789abcdef";
    char lower = character >= 'A' && character <= 'F' ? (char)(character + 'a' - 'A') : character;
    const char *found = memchr(digits, lower, base);
    return found ? (int)(found - digits) : -1;
}

static bool take_number(struct reader *reader, uint32_t base, int most_digits, uint32_t maximum,
                        uint32_t *number)
{
    uint64_t value = 0;
    int count = 0;
    for (int digit; (digit = digit_value(*reader->at, base)) >= 0; reader->at++) {
        value = value * base + (uint32_t)digit;
        if (++count > most_digits)
            return false;
    }
    *number = (uint32_t)value;
    return count > 0 && value <= maximum;
}

/* A superfluous zero would be octal to some. */
static bool take_ipv4(struct reader *reader, uint8_t *bytes)
{
    for (int i = 0; i < 4; i++) {
        if (i > 0 && !take_char(reader, '.'))
            return false;
        if (reader->at[0] == '0' && digit_value(reader->at[1], 10) >= 0)
            return false;
        uint32_t number;
        if (!take_number(reader, 10, 3, UINT8_MAX, &number))
            return false;
        bytes[i] = (uint8_t)number;
    }
    return true;
}

/* One group of an IPv6 address, or the two that an IPv4 address at its end makes. Returns how many
 * were written to bytes; 0: neither. */
static int take_groups(struct reader *reader, uint8_t *bytes, int room)
{
    struct reader start = *reader;
    uint32_t group;
    if (!take_number(reader, 16, 4, UINT16_MAX, &group))
        return 0;
    if (*reader->at == '.') {
        *reader = start;
        return room >= 2 && take_ipv4(reader, bytes) ? 2 : 0;
    }
    bytes[0] = (uint8_t)(group >> 8);
    bytes[1] = (uint8_t)group;
    return 1;
}

static bool take_ipv6(struct reader *reader, uint8_t *bytes)
{
    uint8_t read[2 * GROUPS] = {0};
    int count = 0;
    int gap = NO_GAP; /* how many groups stand before "::" */
    if (reader->at[0] == ':' && reader->at[1] == ':') {
        gap = 0;
        reader->at += 2;
    }
    for (;;) { /* ends with the last group that there is room for, or before */
        if (gap == count && digit_value(*reader->at, 16) < 0)
            break; /* "::" ends it */
        int taken = take_groups(reader, read + (ptrdiff_t)2 * count, GROUPS - count);
        if (taken == 0)
            return false;
        count += taken;
        if (taken == 2 || count == GROUPS || !take_char(reader, ':'))
            break;
        if (take_char(reader, ':')) {
            if (gap != NO_GAP)
                return false;
            gap = count;
        }
    }
    if (gap == NO_GAP ? count != GROUPS : count == GROUPS)
        return false;
    size_t before = 2 * (size_t)(gap == NO_GAP ? count : gap);
    size_t after = 2 * (size_t)count - before;
    memset(bytes, 0, sizeof read);
    memcpy(bytes, read, before);
    memcpy(bytes + sizeof read - after, read + before, after);
    return true;
}

/* What ends every IP address. */
static bool take_port(struct reader *reader, uint16_t *port)
{
    uint32_t number;
    if (!take_char(reader, ':') || !take_number(reader, 10, 5, UINT16_MAX, &number))
        return false;
    *port = (uint16_t)number;
    return *reader->at == 0;
}

static int parse_ipv4(struct reader *reader, struct mio_addr *addr)
{
    uint8_t bytes[4];
    uint16_t port;
    if (!take_ipv4(reader, bytes) || !take_port(reader, &port))
        return -EINVAL;
    *addr = mio_addr_ipv4(bytes[0], bytes[1], bytes[2], bytes[3], port);
    return 0;
}

/* Behind the '['. */
static int parse_ipv6(struct reader *reader, struct mio_addr *addr)
{
    uint8_t bytes[2 * GROUPS];
    uint16_t port;
    uint32_t scope = 0;
    if (!take_ipv6(reader, bytes))
        return -EINVAL;
    if (take_char(reader, '%') && !take_number(reader, 10, 10, UINT32_MAX, &scope))
        return -EINVAL;
    if (!take_char(reader, ']') || !take_port(reader, &port))
        return -EINVAL;
    *addr = mio_addr_ipv6(bytes, port);
    addr->scope = scope;
    return 0;
}

int mio_addr_parse(const char *text, struct mio_addr *addr)
{
    static const char local[] = "unix:";
    if (!text || !addr)
        return -EINVAL;
    struct reader reader = {.at = text};
    if (take_char(&reader, '['))
        return parse_ipv6(&reader, addr);
    if (strncmp(text, local, sizeof local - 1) != 0)
        return parse_ipv4(&reader, addr);
    reader.at += sizeof local - 1;
    if (take_char(&reader, '@'))
        return mio_addr_unix_abstract(reader.at, strlen(reader.at), addr);
    return mio_addr_unix(reader.at, strlen(reader.at), addr);
}

/* --- writing --- */

static void add_ipv4(struct mio__text *text, const uint8_t *bytes)
{
    mio__text_add(text, "%u.%u.%u.%u", bytes[0], bytes[1], bytes[2], bytes[3]);
}

/* The longest run of at least two zero groups, the first of several: what "::" stands for. */
static int longest_gap(const unsigned *groups, int *length)
{
    int best = NO_GAP;
    *length = 1;
    for (int i = 0; i < GROUPS; i++) {
        int end = i;
        while (end < GROUPS && groups[end] == 0)
            end++;
        if (end - i > *length) {
            best = i;
            *length = end - i;
        }
        i = end;
    }
    return best;
}

static void add_ipv6(struct mio__text *text, const uint8_t *bytes)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (memcmp(bytes, mapped, sizeof mapped) == 0) {
        mio__text_add(text, "::ffff:");
        add_ipv4(text, bytes + sizeof mapped);
        return;
    }
    unsigned groups[GROUPS];
    for (size_t i = 0; i < GROUPS; i++)
        groups[i] = (unsigned)bytes[2 * i] << 8 | bytes[2 * i + 1];
    int length;
    int gap = longest_gap(groups, &length);
    for (int i = 0; i < GROUPS; i++) {
        if (i == gap) {
            mio__text_add(text, "::");
            i += length - 1;
            continue;
        }
        bool after_gap = gap != NO_GAP && i == gap + length;
        mio__text_add(text, "%s%x", i == 0 || after_gap ? "" : ":", groups[i]);
    }
}

static void add_name(struct mio__text *text, const uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        bool printable = bytes[i] >= 0x20 && bytes[i] != 0x7f;
        mio__text_add(text, printable ? "%c" : "\\x%02x", bytes[i]);
    }
}

int mio_addr_format(const struct mio_addr *addr, char *buffer, size_t size)
{
    struct mio__text text = {.buffer = buffer, .size = size, .length = 0};
    if (!addr || addr->length > MIO_ADDR_BYTES)
        return -EINVAL;
    switch (addr->kind) {
    case MIO_ADDR_UNNAMED:
        mio__text_add(&text, "(unnamed)");
        break;
    case MIO_ADDR_IPV4:
        add_ipv4(&text, addr->bytes);
        mio__text_add(&text, ":%u", (unsigned)addr->port);
        break;
    case MIO_ADDR_IPV6:
        mio__text_add(&text, "[");
        add_ipv6(&text, addr->bytes);
        if (addr->scope != 0)
            mio__text_add(&text, "%%%lu", (unsigned long)addr->scope);
        mio__text_add(&text, "]:%u", (unsigned)addr->port);
        break;
    case MIO_ADDR_UNIX:
        /* A relative path that begins with '@' is not to be taken for an abstract name. */
        mio__text_add(&text, addr->bytes[0] == '@' ? "unix:./" : "unix:");
        add_name(&text, addr->bytes, addr->length);
        break;
    case MIO_ADDR_UNIX_ABSTRACT:
        mio__text_add(&text, "unix:@");
        add_name(&text, addr->bytes, addr->length);
        break;
    default:
        return -EINVAL;
    }
    return mio__text_result(&text);
}
