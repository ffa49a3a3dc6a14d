/* SPDX-License-Identifier: MIT */
/* What a buffered stream is refused for. */
#include "test.h"

#include <mio.h>
#include <mio/buffered.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static ptrdiff_t read_nothing(void *stream, void *buffer, size_t size)
{
    (void)stream;
    (void)buffer;
    (void)size;
    return -EAGAIN;
}

static ptrdiff_t write_nothing(void *stream, const void *buffer, size_t size)
{
    (void)stream;
    (void)buffer;
    (void)size;
    return -EAGAIN;
}

static const struct mio_buffered_io nothing = {.read = read_nothing, .write = write_nothing};

static void *allocate_only(size_t size, void *user)
{
    (void)user;
    return malloc(size);
}

static int new_with(struct mio_buffered_options options)
{
    struct mio_buffered *buffered = NULL;
    int error = mio_buffered_new(&nothing, NULL, &options, &buffered);
    mio_buffered_free(buffered);
    return error;
}

TEST(buffered_bounds_that_do_not_fit_are_einval)
{
    const struct mio_allocator half = {.allocate = allocate_only};
    CHECK_EQ(new_with((struct mio_buffered_options){.most_outgoing = 1, .most_incoming = 1}), 0);
    CHECK_EQ(new_with((struct mio_buffered_options){.most_outgoing = 8, .high_mark = 9}), -EINVAL);
    CHECK_EQ(new_with((struct mio_buffered_options){.high_mark = 8, .low_mark = 9}), -EINVAL);
    CHECK_EQ(new_with((struct mio_buffered_options){.most_incoming = SIZE_MAX}), -EINVAL);
    CHECK_EQ(new_with((struct mio_buffered_options){.most_outgoing = SIZE_MAX}), -EINVAL);
    CHECK_EQ(new_with((struct mio_buffered_options){.allocator = &half}), -EINVAL);
    CHECK_EQ(new_with((struct mio_buffered_options){.reserved = {1, 0}}), -EINVAL);
    CHECK_EQ(new_with((struct mio_buffered_options){.reserved = {0, 1}}), -EINVAL);
}

TEST(buffered_a_stream_without_its_functions_is_einval)
{
    const struct mio_buffered_io wrong[] = {
        {.read = read_nothing},
        {.write = write_nothing},
        {.read = read_nothing, .write = write_nothing, .reserved = {1, 0}},
        {.read = read_nothing, .write = write_nothing, .reserved = {0, 1}},
    };
    struct mio_buffered *buffered = NULL;
    struct mio_tcp_stream tcp;
    struct mio_unix_stream local;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        CHECK_EQ(mio_buffered_new(&wrong[i], NULL, NULL, &buffered), -EINVAL);
    CHECK_EQ(mio_buffered_new(NULL, NULL, NULL, &buffered), -EINVAL);
    CHECK_EQ(mio_buffered_new(&nothing, NULL, NULL, NULL), -EINVAL);
    CHECK_EQ(mio_buffered_new_tcp(NULL, NULL, &buffered), -EINVAL);
    CHECK_EQ(mio_buffered_new_tcp(&tcp, NULL, NULL), -EINVAL);
    CHECK_EQ(mio_buffered_new_unix(NULL, NULL, &buffered), -EINVAL);
    CHECK_EQ(mio_buffered_new_unix(&local, NULL, NULL), -EINVAL);
    CHECK(!buffered);
}

TEST(buffered_null_is_einval)
{
    struct mio_buffered *buffered = NULL;
    struct mio_event event;
    const char *bytes = NULL;
    size_t length = 0;
    memset(&event, 0, sizeof event);
    REQUIRE_EQ(mio_buffered_new(&nothing, NULL, NULL, &buffered), 0);
    CHECK_EQ(mio_buffered_event(buffered, NULL), -EINVAL);
    CHECK_EQ(mio_buffered_event(NULL, &event), -EINVAL);
    CHECK_EQ(mio_buffered_line(NULL, &bytes, &length), -EINVAL);
    CHECK_EQ(mio_buffered_line(buffered, NULL, &length), -EINVAL);
    CHECK_EQ(mio_buffered_line(buffered, &bytes, NULL), -EINVAL);
    CHECK_EQ(mio_buffered_take(NULL, 1, &bytes), -EINVAL);
    CHECK_EQ(mio_buffered_take(buffered, 0, &bytes), -EINVAL);
    CHECK_EQ(mio_buffered_take(buffered, 1, NULL), -EINVAL);
    CHECK_EQ(mio_buffered_some(NULL, &bytes, &length), -EINVAL);
    CHECK_EQ(mio_buffered_some(buffered, NULL, &length), -EINVAL);
    CHECK_EQ(mio_buffered_some(buffered, &bytes, NULL), -EINVAL);
    CHECK_EQ(mio_buffered_write(NULL, "a", 1), -EINVAL);
    CHECK_EQ(mio_buffered_write(buffered, NULL, 1), -EINVAL);
    CHECK_EQ(mio_buffered_pending(NULL), 0);
    CHECK(!mio_buffered_is_congested(NULL) && !mio_buffered_has_ended(NULL));
    mio_buffered_free(NULL);
    mio_buffered_free(buffered);
}
