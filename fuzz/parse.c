/* SPDX-License-Identifier: MIT */
/*
 * What reads and writes text: addresses there and back, and the printing of any record.
 *
 *   fuzz_parse [--seed N] [--seconds S]      made-up texts; or libFuzzer's input (FUZZ_LIBFUZZER)
 *
 * Promises that are held: nothing is read or written out of bounds (buffers are exactly as large as
 * is said, on the heap, for the sanitizers to watch); the length of a text does not depend on the
 * room for it, and what fits is its beginning; what is parsed prints as a text that parses to the
 * same address; what was made of a sockaddr gives it back.
 */
#define _GNU_SOURCE

#include "program.h"

#include <mio.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CHECK(holds, what, text) check((holds), __LINE__, (what), (text))

static uint64_t checks;

static void check(bool holds, int line, const char *what, const char *text)
{
    checks++;
    if (holds)
        return;
    fprintf(stderr, "fuzz/parse.c:%d: %s: %s\n", line, what, text);
    abort();
}

/* A copy on the heap of exactly this size. */
static void *copy_of(const void *bytes, size_t size)
{
    void *copy = malloc(size > 0 ? size : 1);
    if (!copy)
        abort();
    if (size > 0)
        memcpy(copy, bytes, size);
    return copy;
}

typedef int format_function(const void *value, char *buffer, size_t size);

/* Prints into room for all, none and some of it. The text is the caller's to free. */
static char *format_everywhere(format_function *format, const void *value, size_t some, int *length)
{
    *length = format(value, NULL, 0);
    CHECK(*length >= 0, "a text without length", "");
    size_t room = (size_t)*length + 1;
    char *text = malloc(room);
    if (!text)
        abort();
    CHECK(format(value, text, room) == *length, "another length", text);
    CHECK(strlen(text) == (size_t)*length, "the length is not that of the text", text);
    some = 1 + some % room;
    char *part = malloc(some);
    if (!part)
        abort();
    CHECK(format(value, part, some) == *length, "another length with little room", text);
    CHECK(strlen(part) == some - 1 && memcmp(part, text, some - 1) == 0,
          "what fits is not the beginning", text);
    free(part);
    return text;
}

static int format_addr(const void *value, char *buffer, size_t size)
{
    return mio_addr_format(value, buffer, size);
}

static int format_event(const void *value, char *buffer, size_t size)
{
    return mio_event_format(value, buffer, size);
}

/* A sockaddr of another program can hold names that nobody can ask for: the empty one of Linux's
 * abstract namespace, and one that leaves no room for a closing 0. */
static bool is_printable(const struct mio_addr *addr)
{
    enum { LONGEST_NAME = 107 };
    if (addr->length == 0 || addr->length > LONGEST_NAME)
        return false;
    for (size_t i = 0; i < addr->length; i++) {
        if (addr->bytes[i] < 0x20 || addr->bytes[i] > 0x7e || addr->bytes[i] == '\\')
            return false;
    }
    return true;
}

/* An address that is said to be right. */
static void check_addr(const struct mio_addr *addr, size_t some)
{
    int length;
    char *text = format_everywhere(format_addr, addr, some, &length);
    CHECK(length < MIO_ADDR_TEXT, "longer than MIO_ADDR_TEXT", text);
    bool is_name = addr->kind == MIO_ADDR_UNIX || addr->kind == MIO_ADDR_UNIX_ABSTRACT;
    /* A path that begins with @ reads as an abstract name. */
    bool is_ambiguous = addr->kind == MIO_ADDR_UNIX && addr->bytes[0] == '@';
    struct mio_addr again;
    memset(&again, 0xa5, sizeof again);
    if (addr->kind != MIO_ADDR_UNNAMED && !(is_name && !is_printable(addr)) && !is_ambiguous) {
        struct mio_addr plain = *addr;
        plain.flow = 0; /* is not part of the text */
        CHECK(mio_addr_parse(text, &again) == 0, "is not read back", text);
        CHECK(mio_addr_equal(&plain, &again), "is read back as another address", text);
        CHECK(mio_addr_compare(&plain, &again) == 0, "compares as another address", text);
    }
    unsigned char bytes[MIO_SOCKADDR_SIZE];
    int size = mio_addr_to_sockaddr(addr, bytes, sizeof bytes);
    if (addr->kind != MIO_ADDR_UNNAMED) {
        CHECK(size > 0, "has no sockaddr", text);
        void *exact = copy_of(bytes, (size_t)size);
        CHECK(mio_addr_to_sockaddr(addr, exact, (size_t)size) == size,
              "has no sockaddr of its own size", text);
        CHECK(mio_addr_from_sockaddr(exact, (size_t)size, &again) == 0,
              "its sockaddr is not read back", text);
        CHECK(mio_addr_equal(addr, &again), "its sockaddr is another address", text);
        free(exact);
    }
    free(text);
}

static void try_text(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    if (!text)
        abort();
    memcpy(text, data, size);
    text[size] = '\0';
    struct mio_addr addr;
    memset(&addr, 0x5a, sizeof addr);
    struct mio_addr before = addr;
    int result = mio_addr_parse(text, &addr);
    if (result == 0)
        check_addr(&addr, size);
    else
        CHECK(memcmp(&addr, &before, sizeof addr) == 0, "an error wrote an address", text);
    free(text);
}

static void try_sockaddr(const uint8_t *data, size_t size)
{
    size = size < MIO_SOCKADDR_SIZE ? size : MIO_SOCKADDR_SIZE;
    void *exact = copy_of(data, size);
    struct mio_addr addr;
    if (mio_addr_from_sockaddr(exact, size, &addr) == 0)
        check_addr(&addr, size);
    free(exact);
}

static void try_record(const uint8_t *data, size_t size)
{
    struct mio_event event;
    memset(&event, 0, sizeof event);
    memcpy(&event, data, size < sizeof event ? size : sizeof event);
    int length;
    char *text = format_everywhere(format_event, &event, size > 0 ? data[0] : 0, &length);
    CHECK(length > 0 && text[length - 1] == '}', "a record ends with a brace", text);
    free(text);
    (void)mio_event_readiness(&event);
    (void)mio_event_error(&event);
    (void)mio_event_amount(&event);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { LONGEST = 600 };
    if (size == 0 || size > LONGEST)
        return 0;
    uint8_t *rest = copy_of(data + 1, size - 1);
    if (data[0] % 4 == 0)
        try_record(rest, size - 1);
    else if (data[0] % 4 == 1)
        try_sockaddr(rest, size - 1);
    else
        try_text(rest, size - 1);
    free(rest);
    return 0;
}

#if !defined(FUZZ_LIBFUZZER)

/* Pieces of addresses, so that most texts are nearly right. */
static const char *const pieces[] = {
    "127",
    ".0",
    ".0.1",
    "255.255.255.255",
    ":",
    "::",
    "[",
    "]",
    "]:",
    "%",
    "0",
    "1",
    "65535",
    "65536",
    "ffff",
    "2001",
    "db8",
    ":0:0",
    "unix:",
    "@",
    "/run",
    "x",
    "fe80",
    "%4294967295",
    "[::]:1",
    "192.0.2.1:80",
    "[2001:db8::192.0.2.33]:443",
    "::ffff:",
};

static size_t make_text(uint64_t *state, uint8_t *text, size_t room)
{
    enum { PIECES = sizeof pieces / sizeof pieces[0], MOST = 12 };
    size_t size = 0;
    for (uint64_t left = next_random(state) % MOST; left > 0; left--) {
        uint64_t bits = next_random(state);
        const char *piece = pieces[bits % PIECES];
        size_t length = bits >> 60 == 0 ? 1 : strlen(piece);
        if (size + length >= room)
            break;
        memcpy(text + size, piece, length);
        if (bits >> 60 == 0)
            text[size] = (uint8_t)(bits >> 32);
        size += length;
    }
    return size;
}

static size_t make_bytes(uint64_t *state, uint8_t *bytes, size_t room)
{
    size_t size = (size_t)(next_random(state) % room);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)next_random(state);
    /* A family that is known, in the places where systems have it. */
    static const uint8_t families[] = {0, 1, 2, 10, 24, 28, 30};
    for (size_t i = 0; i < 2 && i < size; i++)
        bytes[i] = families[next_random(state) % sizeof families];
    if (size > 2 && next_random(state) % 4 == 0)
        bytes[1] = 0;
    return size;
}

int main(int count, char **arguments)
{
    enum { ROOM = 160 };
    uint64_t state = (uint64_t)time(NULL);
    double seconds = 5;
    for (int i = 1; i + 1 < count; i += 2) {
        if (strcmp(arguments[i], "--seed") == 0)
            state = strtoull(arguments[i + 1], NULL, 0);
        else if (strcmp(arguments[i], "--seconds") == 0)
            seconds = strtod(arguments[i + 1], NULL);
    }
    printf("parse, seed %llu\n", (unsigned long long)state);
    fflush(stdout);
    uint64_t inputs = 0;
    clock_t end = clock() + (clock_t)(seconds * CLOCKS_PER_SEC);
    while (clock() < end) {
        for (int i = 0; i < 1000; i++, inputs++) {
            uint8_t input[1 + ROOM];
            input[0] = (uint8_t)next_random(&state);
            size_t size = input[0] % 4 < 2 ? make_bytes(&state, input + 1, ROOM)
                                           : make_text(&state, input + 1, ROOM);
            LLVMFuzzerTestOneInput(input, 1 + size);
        }
    }
    printf("kept: %llu inputs, %llu checks\n", (unsigned long long)inputs,
           (unsigned long long)checks);
    return 0;
}

#endif
