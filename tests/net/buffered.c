/* SPDX-License-Identifier: MIT */
/* Buffered streams over real ones: many lines to and fro, more than a side can write at once. */
#include "support.h"

#include <mio/buffered.h>

#include <errno.h>
#include <string.h>

enum {
    LINES = 4000,
    LONGEST_LINE = 200,
    MOST_OUTGOING = 65536,
    HIGH_MARK = 16384,
    ASKS = 0, /* tokens */
    ECHOES = 1
};

struct talk {
    struct loop loop;
    struct mio_buffered *sides[2];
    unsigned sent;
    unsigned received;
    bool was_congested;
};

static struct talk talk;

/* The nth line: its length and every byte are known from n. */
static size_t compose(unsigned n, char *line)
{
    size_t length = n * 7 % LONGEST_LINE;
    memset(line, 'a' + (int)(n % 26), length);
    line[length] = '\n';
    return length;
}

static void ask(void)
{
    char line[LONGEST_LINE + 1];
    while (talk.sent < LINES && !mio_buffered_is_congested(talk.sides[ASKS])) {
        size_t length = compose(talk.sent, line);
        REQUIRE_EQ(mio_buffered_write(talk.sides[ASKS], line, length + 1), 0);
        talk.sent++;
    }
    talk.was_congested = talk.was_congested || mio_buffered_is_congested(talk.sides[ASKS]);
}

static void take_answers(void)
{
    char wanted[LONGEST_LINE + 1];
    const char *line;
    size_t length;
    int got;
    while ((got = mio_buffered_line(talk.sides[ASKS], &line, &length)) > 0) {
        CHECK_EQ(length, compose(talk.received, wanted));
        CHECK(memcmp(line, wanted, length) == 0);
        talk.received++;
    }
    CHECK_EQ(got, 0);
}

static void echo(void)
{
    const char *line;
    size_t length;
    /* What cannot be answered stays with the peer. */
    while (!mio_buffered_is_congested(talk.sides[ECHOES]) &&
           mio_buffered_line(talk.sides[ECHOES], &line, &length) > 0) {
        REQUIRE_EQ(mio_buffered_write(talk.sides[ECHOES], line, length), 0);
        REQUIRE_EQ(mio_buffered_write(talk.sides[ECHOES], "\n", 1), 0);
    }
}

static void take_turns(void)
{
    REQUIRE(loop_wait(&talk.loop, 10 * SECOND) > 0);
    mio_events_each(event, talk.loop.events)
        CHECK_EQ(mio_buffered_event(talk.sides[mio_event_token(event)], event), 0);
    echo();
    take_answers();
    ask();
}

static void end_of_one_side(struct mio_source *closed)
{
    const char *line;
    size_t length;
    CHECK(!mio_buffered_has_ended(talk.sides[ECHOES]));
    CHECK_EQ(mio_source_close(closed), 0);
    while (!mio_buffered_has_ended(talk.sides[ECHOES])) {
        REQUIRE(loop_wait(&talk.loop, 10 * SECOND) > 0);
        mio_events_each(event, talk.loop.events) {
            CHECK_EQ(mio_event_token(event), ECHOES);
            (void)mio_buffered_event(talk.sides[ECHOES], event);
        }
        CHECK_EQ(mio_buffered_line(talk.sides[ECHOES], &line, &length), 0);
    }
}

static void talk_over(struct mio_source *asks, struct mio_source *echoes)
{
    watch(&talk.loop, asks, ASKS, R | W);
    watch(&talk.loop, echoes, ECHOES, R | W);
    ask();
    while (talk.received < LINES)
        take_turns();
    CHECK_EQ(mio_buffered_pending(talk.sides[ASKS]), 0);
    CHECK_EQ(mio_buffered_pending(talk.sides[ECHOES]), 0);
    end_of_one_side(asks);
    mio_buffered_free(talk.sides[ASKS]);
    mio_buffered_free(talk.sides[ECHOES]);
    CHECK_EQ(mio_source_close(echoes), 0);
    loop_close(&talk.loop);
}

static const struct mio_buffered_options small = {
    .most_incoming = 4096, .most_outgoing = MOST_OUTGOING, .high_mark = HIGH_MARK, .low_mark = 1};

TEST(net_buffered_lines_over_tcp)
{
    struct mio_tcp_stream ends[2];
    talk = (struct talk){.loop = loop_open()};
    tcp_pair(&ends[0], &ends[1]);
    REQUIRE_EQ(mio_buffered_new_tcp(&ends[0], &small, &talk.sides[ASKS]), 0);
    REQUIRE_EQ(mio_buffered_new_tcp(&ends[1], &small, &talk.sides[ECHOES]), 0);
    talk_over(&ends[0].source, &ends[1].source);
}

TEST(net_buffered_lines_over_a_unix_stream)
{
    struct mio_unix_stream ends[2];
    talk = (struct talk){.loop = loop_open()};
    REQUIRE_EQ(mio_unix_stream_pair(NULL, &ends[0], &ends[1]), 0);
    REQUIRE_EQ(mio_buffered_new_unix(&ends[0], &small, &talk.sides[ASKS]), 0);
    REQUIRE_EQ(mio_buffered_new_unix(&ends[1], &small, &talk.sides[ECHOES]), 0);
    talk_over(&ends[0].source, &ends[1].source);
    CHECK(talk.was_congested); /* no system gives such a pair as much room as there are lines */
}
