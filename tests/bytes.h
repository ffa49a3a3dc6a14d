/* SPDX-License-Identifier: MIT */
/* Bytes through a descriptor, for the tests of every suite. */
#ifndef TEST_BYTES_H
#define TEST_BYTES_H

#include "test.h"

#include <stddef.h>
#include <string.h>
#include <unistd.h>

/* Writes all of it, or ends the test. */
static inline void put(int fd, const char *text)
{
    size_t size = strlen(text);
    REQUIRE_EQ(write(fd, text, size), (ssize_t)size);
}

/* Reads until EAGAIN, an error or the end. Returns how many bytes. */
static inline size_t drain(int fd)
{
    char buffer[4096];
    size_t total = 0;
    ssize_t count;
    while ((count = read(fd, buffer, sizeof buffer)) > 0)
        total += (size_t)count;
    return total;
}

#endif
