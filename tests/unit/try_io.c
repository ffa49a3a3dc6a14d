/* SPDX-License-Identifier: MIT */
/* When a call on a source asks its selector for the next event: seen from a selector that
 * counts. */
#include "poll/io.h"
#include "selector/selector.h"
#include "test.h"

#include <mio.h>
#include <mio/net.h>

#include <errno.h>

/* A selector that has to be asked for the next event. */
struct asked {
    struct mio_selector selector;
    int count;
    int answer;
    mio_interest interest;
};

static int count_rearm(struct mio_selector *selector, mio_fd fd, mio_interest interest)
{
    struct asked *asked = (struct asked *)selector;
    CHECK(fd >= 0);
    asked->count++;
    asked->interest = interest;
    return asked->answer;
}

static int logged;

static void log_error(int error, const char *what, void *user)
{
    (void)user;
    (void)what;
    logged = error;
}

static ptrdiff_t give_user(mio_fd fd, void *user)
{
    CHECK(fd >= 0);
    return *(ptrdiff_t *)user;
}

static const struct mio__selector_ops counting_ops = {.name = "asked", .rearm = count_rearm};

/* A pipe whose receiver is watched by such a selector. */
struct watched {
    struct asked asked;
    struct mio_pipe_sender sender;
    struct mio_pipe_receiver receiver;
    struct mio_source *source; /* the receiver's */
};

static void watch(struct watched *watched, mio_interest interest)
{
    *watched = (struct watched){
        .asked = {.selector = {.ops = &counting_ops, .config = {.log = log_error}}}};
    mio__fork_guard_set(&watched->asked.selector.fork_guard);
    logged = 0;
    REQUIRE_EQ(mio_pipe_open(&watched->sender, &watched->receiver), 0);
    watched->source = &watched->receiver.source;
    watched->source->selector = &watched->asked.selector;
    watched->source->interest = interest;
}

/* No selector has heard of the descriptor, so none is told of its end. */
static void unwatch(struct watched *watched)
{
    watched->source->selector = NULL;
    watched->source->interest = 0;
    REQUIRE_EQ(mio_source_close(&watched->receiver.source), 0);
    REQUIRE_EQ(mio_source_close(&watched->sender.source), 0);
}

/* What comes of a call that gives `result`. */
static ptrdiff_t try_result(struct watched *watched, ptrdiff_t result)
{
    return mio_source_try_io(watched->source, MIO_READABLE, give_user, &result);
}

TEST(try_io_asks_for_the_next_event_after_eagain)
{
    struct watched watched;
    char byte;
    watch(&watched, MIO_READABLE);
    CHECK_EQ(mio_pipe_receiver_read(&watched.receiver, &byte, 1), -EAGAIN);
    CHECK_EQ(watched.asked.count, 1);
    CHECK_EQ(watched.asked.interest, MIO_READABLE);
    CHECK_EQ(mio_pipe_sender_write(&watched.sender, "a", 1), 1);
    CHECK_EQ(mio_pipe_receiver_read(&watched.receiver, &byte, 1), 1);
    CHECK_EQ(watched.asked.count, 1);
    CHECK_EQ(try_result(&watched, -EAGAIN), -EAGAIN);
    CHECK_EQ(watched.asked.count, 2);
    unwatch(&watched);
}

/* Nothing is asked for after a success; after an error, which may be over, the selector may
 * look. */
TEST(try_io_asks_for_nothing_after_another_result)
{
    struct watched watched;
    watch(&watched, MIO_READABLE);
    CHECK_EQ(try_result(&watched, 7), 7);
    CHECK_EQ(watched.asked.count, 0);
    CHECK_EQ(try_result(&watched, -EPIPE), -EPIPE);
    CHECK_EQ(watched.asked.count, 1);
    CHECK_EQ(watched.asked.interest, 0);
    unwatch(&watched);
}

TEST(try_io_asks_for_edges_alone)
{
    static const mio_interest modes[] = {MIO_ONESHOT, MIO_LEVEL};
    struct watched watched;
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        watch(&watched, MIO_READABLE | modes[i]);
        CHECK_EQ(try_result(&watched, -EAGAIN), -EAGAIN);
        CHECK_EQ(watched.asked.count, 0);
        unwatch(&watched);
    }
}

/* A source that is not registered has no selector to ask. */
TEST(try_io_asks_nobody_of_an_unregistered_source)
{
    struct watched watched;
    char byte;
    watch(&watched, MIO_READABLE);
    watched.source->selector = NULL;
    watched.source->interest = 0;
    CHECK_EQ(mio_pipe_receiver_read(&watched.receiver, &byte, 1), -EAGAIN);
    CHECK_EQ(watched.asked.count, 0);
    unwatch(&watched);
}

/* An event that cannot be asked for would never come: the caller learns of it, and so does the log.
 * A registration that is gone is no failure. */
TEST(try_io_tells_what_asking_came_to)
{
    struct watched watched;
    watch(&watched, MIO_READABLE);
    watched.asked.answer = -ENOENT;
    CHECK_EQ(try_result(&watched, -EAGAIN), -EAGAIN);
    CHECK_EQ(logged, 0);
    watched.asked.answer = -ENOMEM;
    CHECK_EQ(try_result(&watched, -EAGAIN), -ENOMEM);
    CHECK_EQ(logged, -ENOMEM);
    CHECK_EQ(watched.asked.count, 2);
    unwatch(&watched);
}
