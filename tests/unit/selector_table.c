/* SPDX-License-Identifier: MIT */
/* What the portable layer does with a selector whose needs none of the present ones has: a word of
 * its own with each registration, and closing in an order of its own. */
#include "test.h"

#include <mio.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "poll/registry.h"
#include "selector/selector.h"

enum { TOKEN = 7, FIRST_WORD = 41 };

/* The selector under test: it counts, and gives each registration the next number. */
static uintptr_t next_word;
static uintptr_t seen_word;
static int refusal;
static int closed;

static int table_register(struct mio_selector *selector, const struct mio__registration *wanted)
{
    (void)selector;
    *wanted->word = next_word++;
    return refusal;
}

static int table_reregister(struct mio_selector *selector, const struct mio__registration *wanted,
                            const struct mio__registration *previous)
{
    (void)selector;
    seen_word = previous ? *previous->word : 0;
    *wanted->word = next_word++;
    return refusal;
}

static int table_deregister(struct mio_selector *selector, mio_fd fd,
                            const struct mio__registration *previous)
{
    (void)selector;
    (void)fd;
    seen_word = previous ? *previous->word : 0;
    return refusal;
}

static int table_close(struct mio_selector *selector, const struct mio__registration *previous)
{
    (void)selector;
    seen_word = *previous->word;
    closed++;
    return close(previous->fd) < 0 ? -errno : 0;
}

static const struct mio__selector_ops table_ops = {
    .name = "table",
    .serves = MIO_READABLE | MIO_WRITABLE,
    .register_fd = table_register,
    .reregister_fd = table_reregister,
    .deregister_fd = table_deregister,
};

struct house {
    struct mio__selector_ops ops;
    struct mio_selector selector;
    struct mio_registry registry;
    struct mio_source source;
};

static void house_open(struct house *house)
{
    int ends[2];
    memset(house, 0, sizeof *house);
    house->ops = table_ops;
    house->selector.ops = &house->ops;
    atomic_init(&house->selector.owners, 1);
    REQUIRE_EQ(mio__fork_guard_set(&house->selector.fork_guard), 0);
    house->registry.selector = &house->selector;
    REQUIRE_EQ(pipe(ends), 0);
    CHECK_EQ(close(ends[1]), 0);
    mio_source_init(&house->source, ends[0]);
    next_word = FIRST_WORD;
    seen_word = 0;
    refusal = 0;
    closed = 0;
}

TEST(table_a_source_keeps_the_selectors_word)
{
    struct house house;
    house_open(&house);
    REQUIRE_EQ(mio_source_register(&house.source, &house.registry, TOKEN, MIO_READABLE), 0);
    CHECK_EQ(house.source.word, FIRST_WORD);
    /* It may be moved by assignment: the word is no address of it. */
    struct mio_source moved = house.source;
    REQUIRE_EQ(mio_source_reregister(&moved, TOKEN, MIO_WRITABLE), 0);
    CHECK_EQ(seen_word, FIRST_WORD);
    CHECK_EQ(moved.word, FIRST_WORD + 1);
    REQUIRE_EQ(mio_source_deregister(&moved), 0);
    CHECK_EQ(seen_word, FIRST_WORD + 1);
    CHECK_EQ(moved.word, 0);
    CHECK_EQ(mio_source_close(&moved), 0);
}

TEST(table_a_refused_change_leaves_the_old_word)
{
    struct house house;
    house_open(&house);
    refusal = -ENOMEM;
    CHECK_EQ(mio_source_register(&house.source, &house.registry, TOKEN, MIO_READABLE), -ENOMEM);
    CHECK_EQ(house.source.word, 0);
    refusal = 0;
    REQUIRE_EQ(mio_source_register(&house.source, &house.registry, TOKEN, MIO_READABLE), 0);
    uintptr_t word = house.source.word;
    refusal = -ENOMEM;
    CHECK_EQ(mio_source_reregister(&house.source, TOKEN + 1, MIO_WRITABLE), -ENOMEM);
    CHECK_EQ(house.source.word, word);
    CHECK_EQ(house.source.token, TOKEN);
    CHECK_EQ(house.source.interest, MIO_READABLE);
    refusal = 0;
    CHECK_EQ(mio_source_close(&house.source), 0);
    CHECK_EQ(seen_word, word);
}

TEST(table_a_selector_may_close_what_is_registered_with_it)
{
    struct house house;
    house_open(&house);
    house.ops.close_fd = table_close;
    REQUIRE_EQ(mio_source_register(&house.source, &house.registry, TOKEN, MIO_READABLE), 0);
    mio_fd fd = house.source.fd;
    CHECK_EQ(mio_source_close(&house.source), 0);
    CHECK_EQ(closed, 1);
    CHECK_EQ(seen_word, FIRST_WORD);
    CHECK_EQ(close(fd), -1);
    CHECK_EQ(errno, EBADF);
    CHECK_EQ(mio_source_close(&house.source), -EBADF);
    CHECK_EQ(closed, 1);
    /* What is not registered is no matter of a selector. */
    house_open(&house);
    house.ops.close_fd = table_close;
    CHECK_EQ(mio_source_close(&house.source), 0);
    CHECK_EQ(closed, 0);
}
