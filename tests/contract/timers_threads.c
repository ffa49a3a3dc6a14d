/* SPDX-License-Identifier: MIT */
/* TIME2 and TIME4 with threads: setting, moving and cancelling while another thread waits. */
#define _GNU_SOURCE

#include "support.h"

#include <errno.h>
#include <stdatomic.h>

enum { SETTERS = 3, TIMERS_OF_SETTER = 20, ROUNDS_OF_SETTER = 3000, LAST_TOKEN = 1 };

struct setting {
    struct loop *loop;
    struct mio_timer timer;
    int64_t after;
};

static void *set_late(void *argument)
{
    struct setting *setting = argument;
    sleep_for(10 * MILLISECOND);
    CHECK_EQ(mio_timer_set_after(&setting->timer, setting->loop->registry, 8, setting->after), 0);
    return NULL;
}

static void check_set_during_the_wait(struct loop *loop, int64_t timeout)
{
    struct setting setting = {.loop = loop, .timer = MIO_TIMER_INIT, .after = MILLISECOND};
    pthread_t thread = thread_start(set_late, &setting);
    CHECK_EQ(loop_wait(loop, timeout), 1);
    CHECK_EQ(mio_event_token(mio_events_get(loop->events, 0)), 8);
    thread_join(thread);
}

/* The poll's first timer comes to a wait that knows of none. */
TEST(time4_a_first_timer_set_during_the_wait_ends_it)
{
    static const int64_t timeouts[] = {MIO_FOREVER, 100 * SECOND};
    for (size_t i = 0; i < 2; i++) {
        struct loop loop = loop_open();
        check_set_during_the_wait(&loop, timeouts[i]);
        check_set_during_the_wait(&loop, timeouts[i]);
        loop_close(&loop);
    }
}

TEST(time4_an_earlier_timer_set_during_the_wait_ends_it)
{
    static const int64_t timeouts[] = {MIO_FOREVER, 100 * SECOND};
    struct loop loop = loop_open();
    struct mio_timer far = MIO_TIMER_INIT;

    REQUIRE_EQ(mio_timer_set_after(&far, loop.registry, 2, 1000 * SECOND), 0);
    for (int i = 0; i < 6; i++)
        check_set_during_the_wait(&loop, timeouts[i % 2]);
    CHECK_EQ(mio_timer_cancel(&far, loop.registry), 1);
    /* And one that is moved, when there is no other. */
    REQUIRE_EQ(mio_timer_set_after(&far, loop.registry, 2, 1000 * SECOND), 0);
    struct setting setting = {.loop = &loop, .timer = far, .after = MILLISECOND};
    CHECK_EQ(mio_timer_cancel(&far, loop.registry), 1);
    mio_timer_init(&setting.timer);
    REQUIRE_EQ(mio_timer_set_after(&setting.timer, loop.registry, 2, 1000 * SECOND), 0);
    pthread_t thread = thread_start(set_late, &setting);
    CHECK_EQ(loop_wait(&loop, MIO_FOREVER), 1);
    CHECK_EQ(mio_event_token(mio_events_get(loop.events, 0)), 8);
    thread_join(thread);

    loop_close(&loop);
}

/* What the wait learns while it spins it remembers when it goes to sleep. */
TEST(time4_an_earlier_timer_set_while_the_wait_spins_ends_it)
{
    struct mio_options options = {.spin_ns = 50 * MILLISECOND};
    struct loop loop = loop_open_with(&options, DEFAULT_CAPACITY);
    struct mio_timer far = MIO_TIMER_INIT;

    REQUIRE_EQ(mio_timer_set_after(&far, loop.registry, 2, 1000 * SECOND), 0);
    struct setting setting = {.loop = &loop, .timer = MIO_TIMER_INIT, .after = 100 * MILLISECOND};
    pthread_t thread = thread_start(set_late, &setting);
    CHECK_EQ(loop_wait(&loop, MIO_FOREVER), 1);
    CHECK_EQ(mio_event_token(mio_events_get(loop.events, 0)), 8);
    thread_join(thread);
    CHECK_EQ(mio_timer_cancel(&far, loop.registry), 1);

    loop_close(&loop);
}

/* It is cancelled while the wait sleeps for it. */
static void *cancel_late(void *argument)
{
    struct setting *setting = argument;
    sleep_for(2 * MILLISECOND);
    CHECK_EQ(mio_timer_cancel(&setting->timer, setting->loop->registry), 1);
    return NULL;
}

TEST(time4_a_timer_cancelled_during_the_wait_does_not_end_it)
{
    struct loop loop = loop_open();
    struct setting setting = {.loop = &loop, .timer = MIO_TIMER_INIT};
    struct mio_timer later = MIO_TIMER_INIT;

    REQUIRE_EQ(mio_timer_set_after(&setting.timer, loop.registry, 1, 500 * MILLISECOND), 0);
    REQUIRE_EQ(mio_timer_set_after(&later, loop.registry, 2, 600 * MILLISECOND), 0);
    pthread_t thread = thread_start(cancel_late, &setting);
    CHECK_EQ(loop_wait(&loop, MIO_FOREVER), 1);
    CHECK_EQ(mio_event_token(mio_events_get(loop.events, 0)), 2);
    thread_join(thread);

    loop_close(&loop);
}

/* --- many at once: every timer that was set either gives its event or was cancelled --- */

struct timer_setter {
    struct mio_registry *registry;
    struct mio_timer timers[TIMERS_OF_SETTER];
    long set;
    long cancelled;
    unsigned random;
};

static unsigned draw(struct timer_setter *setter)
{
    setter->random = setter->random * 1103515245u + 12345u;
    return setter->random >> 8;
}

static void *set_and_cancel(void *argument)
{
    struct timer_setter *setter = argument;
    for (int round = 0; round < ROUNDS_OF_SETTER; round++) {
        struct mio_timer *timer = &setter->timers[draw(setter) % TIMERS_OF_SETTER];
        int result = mio_timer_cancel(timer, setter->registry);
        CHECK(result == 0 || result == 1);
        setter->cancelled += result;
        int64_t after = draw(setter) % 4 == 0 ? SECOND : (int64_t)(draw(setter) % 100000);
        CHECK_EQ(mio_timer_set_after(timer, setter->registry, 2, after), 0);
        setter->set++;
    }
    for (int i = 0; i < TIMERS_OF_SETTER; i++)
        setter->cancelled += mio_timer_cancel(&setter->timers[i], setter->registry);
    return NULL;
}

struct counting {
    struct loop *loop;
    long events;
};

static void *count_until_woken(void *argument)
{
    struct counting *counting = argument;
    bool over = false;
    while (!over) {
        REQUIRE(loop_wait(counting->loop, MIO_FOREVER) > 0);
        mio_events_each(event, counting->loop->events) {
            over |= mio_event_token(event) == LAST_TOKEN;
            counting->events += mio_event_is_timer(event);
        }
    }
    return NULL;
}

TEST(time2_threads_set_and_cancel_while_another_waits)
{
    static struct timer_setter setters[SETTERS];
    struct loop loop = loop_open();
    struct mio_waker *waker = waker_open(&loop, LAST_TOKEN);
    struct counting counting = {.loop = &loop};
    pthread_t threads[SETTERS];
    long left = 0;

    pthread_t counter = thread_start(count_until_woken, &counting);
    for (unsigned i = 0; i < SETTERS; i++) {
        setters[i] = (struct timer_setter){.registry = loop.registry, .random = i};
        threads[i] = thread_start(set_and_cancel, &setters[i]);
    }
    for (int i = 0; i < SETTERS; i++) {
        thread_join(threads[i]);
        left += setters[i].set - setters[i].cancelled;
    }
    CHECK_EQ(mio_waker_wake(waker), 0);
    thread_join(counter);
    CHECK_EQ(counting.events, left);

    mio_waker_free(waker);
    loop_close(&loop);
}
