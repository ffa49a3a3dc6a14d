/* SPDX-License-Identifier: MIT */
/* Corners of the kqueue selector: registrations without a filter, events beside those of
 * descriptors, numbers that are given away. */
#define _GNU_SOURCE

#include "kqueue_model.h"

#if defined(HAVE_MODEL)

#include "facts/facts.h"

#include <errno.h>
#include <fcntl.h>
#include <mio/kqueue.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MANY = 70, SEEN_APART = 256 };

static bool serves(mio_interest interest)
{
    return ((mio_interest)fact("served_interests") & interest) == interest;
}

/* --- registrations of nothing but requests of aio(4): no knote --- */

TEST(kqueue4_requests_alone_leave_nothing_to_undo)
{
    int ends[2];
    struct loop loop = model_open(ends);
    struct mio_source source;

    mio_source_init(&source, ends[NEAR]);
    if (!serves(MIO_AIO)) {
        CHECK_EQ(mio_source_register(&source, loop.registry, 1, MIO_AIO), -ENOTSUP);
        model_close(&loop, ends);
        return;
    }
    CHECK_EQ(mio_registry_reregister(loop.registry, ends[NEAR], 1, MIO_AIO), -ENOENT);
    CHECK_EQ(mio_source_register(&source, loop.registry, 1, MIO_AIO), 0);
    kqmodel_refuse_change(1, ENOMEM);
    CHECK_EQ(mio_source_reregister(&source, 2, MIO_READABLE), -ENOMEM);
    CHECK(!has_knote(&loop, ends[NEAR], EVFILT_READ));
    CHECK_EQ(source.token, 1);
    CHECK_EQ(mio_source_deregister(&source), 0);

    model_close(&loop, ends);
}

/* A file can have requests, but no readiness. */
TEST(kqueue1_requests_of_a_file)
{
    int ends[2];
    struct loop loop = model_open(ends);
    int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

    REQUIRE(file >= 0);
    CHECK_EQ(mio_registry_register(loop.registry, file, 1, MIO_AIO),
             serves(MIO_AIO) ? 0 : -ENOTSUP);
    CHECK_EQ(mio_registry_register(loop.registry, file, 1, MIO_READABLE), -EPERM);

    CHECK_EQ(close(file), 0);
    model_close(&loop, ends);
}

/* A source of which the kernel knows nothing so far is looked at like a new one. */
TEST(kqueue1_requests_of_a_source)
{
    int ends[2];
    struct loop loop = model_open(ends);
    struct mio_source source;
    int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

    REQUIRE(file >= 0);
    mio_source_init(&source, file);
    if (serves(MIO_AIO)) {
        REQUIRE_EQ(mio_source_register(&source, loop.registry, 1, MIO_AIO), 0);
        CHECK_EQ(mio_source_reregister(&source, 1, MIO_READABLE), -EPERM);
        CHECK_EQ(close(file), 0);
        CHECK_EQ(mio_source_reregister(&source, 1, MIO_AIO), -EBADF);
        CHECK_EQ(mio_source_close(&source), -EBADF);

        int copy = dup(ends[NEAR]);
        mio_source_init(&source, copy);
        REQUIRE_EQ(mio_source_register(&source, loop.registry, 1, MIO_READABLE), 0);
        CHECK_EQ(close(copy), 0);
        CHECK_EQ(mio_source_reregister(&source, 1, MIO_AIO), -EBADF);
    } else {
        CHECK_EQ(mio_source_register(&source, loop.registry, 1, MIO_AIO), -ENOTSUP);
    }

    (void)mio_source_close(&source);
    model_close(&loop, ends);
}

/* EV3 and EV4: a late event is dropped, and takes no room from those that are due. */
TEST(kqueue4_what_is_dropped_does_not_end_a_look)
{
    enum { MOST_IN_FRONT = 3, WAITS = MOST_IN_FRONT + 3 };
    for (int in_front = 0; in_front <= MOST_IN_FRONT; in_front++) {
        struct loop loop = loop_open_with(NULL, 1);
        int pipes[MOST_IN_FRONT + 2][2];
        int times[MOST_IN_FRONT + 2] = {0};
        bool over = false;

        for (int i = 0; i < in_front + 2; i++) {
            mio_interest interest =
                i == in_front ? MIO_READABLE | MIO_WRITABLE | MIO_ONESHOT : MIO_WRITABLE;
            open_pipe(pipes[i]);
            CHECK_EQ(close(pipes[i][NEAR]), 0);
            REQUIRE_EQ(mio_registry_register(loop.registry, pipes[i][FAR], (mio_token)i, interest),
                       0);
        }
        for (int i = 0; i < WAITS; i++) {
            int count = mio_poll_wait(loop.poll, loop.events, 0);
            CHECK(count == 0 || (count == 1 && !over));
            over = over || count == 0;
            if (count == 1)
                times[mio_event_token(mio_events_get(loop.events, 0))]++;
        }

        for (int i = 0; i < in_front + 2; i++) {
            CHECK_EQ(times[i], 1);
            CHECK_EQ(close(pipes[i][FAR]), 0);
        }
        loop_close(&loop);
    }
}

/* More operations than a call takes changes, though they need none. */
TEST(kqueue4_a_batch_of_requests)
{
    struct mio_change changes[MANY];
    int ends[2];
    struct loop loop = model_open(ends);

    for (int i = 0; i < MANY; i++) {
        int copy = dup(ends[NEAR]);
        REQUIRE(copy >= 0);
        changes[i] = (struct mio_change){.kind = MIO_REGISTER, .fd = copy, .interest = MIO_AIO};
    }
    CHECK_EQ(mio_registry_apply(loop.registry, changes, MANY), serves(MIO_AIO) ? MANY : 0);
    for (int i = 0; i < MANY; i++)
        CHECK_EQ(close(changes[i].fd), 0);
    /* Nothing at all is left to be told to the kernel. */
    CHECK_EQ(mio_registry_apply(loop.registry, changes, 1), 0);
    CHECK_EQ(changes[0].result, serves(MIO_AIO) ? -EBADF : -ENOTSUP);
    changes[0] = (struct mio_change){.kind = MIO_REGISTER, .fd = changes[0].fd, .interest = BOTH};
    CHECK_EQ(mio_registry_apply(loop.registry, changes, 1), 0);
    CHECK_EQ(changes[0].result, -EBADF);

    model_close(&loop, ends);
}

/* A batch looks for an earlier change of the same descriptor by a part of its number. */
TEST(kqueue2_a_batch_tells_like_numbers_apart)
{
    int ends[2];
    struct loop loop = model_open(ends);
    int alike = dup2(ends[FAR], ends[NEAR] + SEEN_APART);

    REQUIRE(alike == ends[NEAR] + SEEN_APART);
    struct mio_change changes[] = {
        {.kind = MIO_REGISTER, .fd = ends[NEAR], .token = 1, .interest = MIO_WRITABLE},
        {.kind = MIO_REGISTER, .fd = alike, .token = 2, .interest = MIO_WRITABLE},
    };
    calls();
    CHECK_EQ(mio_registry_apply(loop.registry, changes, 2), 2);
    CHECK_EQ(calls(), 1);
    EXPECT_EVENTS(&loop, {1, MIO_WRITABLE}, {2, MIO_WRITABLE});

    CHECK_EQ(close(alike), 0);
    model_close(&loop, ends);
}

/* --- events beside those of descriptors --- */

/* A program's own EVFILT_USER, while the doorbell is one too; of a one-shot kind, while records are
 * looked through for one-shots. */
TEST(kqueue1_the_programs_own_events_are_not_the_librarys)
{
    int ends[2];
    struct loop loop = model_open(ends);
    struct mio_registry *registry = loop.registry;
    const uintptr_t ident = 77;
    struct mio_waker *waker = waker_open(&loop, 9);

    REQUIRE_EQ(mio_registry_register(registry, ends[NEAR], 1, BOTH | MIO_ONESHOT), 0);
    REQUIRE_EQ(mio_kqueue_register(registry, ident, EVFILT_USER, EV_ADD | EV_DISPATCH, 0, 0, 5), 0);
    CHECK(mio_poll_fd(loop.poll) >= 0); /* from now on each wake rings */
    CHECK_EQ(mio_waker_wake(waker), 0);
    REQUIRE_EQ(mio_kqueue_register(registry, ident, EVFILT_USER, 0, NOTE_TRIGGER, 0, 5), 0);
    EXPECT_EVENTS(&loop, {1, MIO_WRITABLE}, {5, MIO_READABLE}, {9, MIO_READABLE});

    mio_waker_free(waker);
    model_close(&loop, ends);
}

/* A knote that the program adds of a descriptor is its own, and no part of a one-shot
 * registration. */
TEST(kqueue4_the_raw_door_ends_a_one_shot_registration)
{
    static const int filters[] = {
        EVFILT_READ,
        EVFILT_WRITE,
#if defined(EVFILT_EXCEPT)
        EVFILT_EXCEPT,
#endif
    };

    for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++) {
        int ends[2];
        struct loop loop = model_open(ends);

        REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, BOTH | MIO_ONESHOT), 0);
        EXPECT_ONE(&loop, 1, MIO_WRITABLE);
        put(ends[FAR], "x");
        REQUIRE_EQ(mio_kqueue_register(loop.registry, (uintptr_t)ends[NEAR], filters[i],
                                       EV_ADD | EV_ENABLE | EV_CLEAR, 0, 0, 2),
                   0);
        if (filters[i] == EVFILT_READ)
            EXPECT_ONE(&loop, 2, MIO_READABLE);
        else if (filters[i] == EVFILT_WRITE)
            EXPECT_ONE(&loop, 2, MIO_WRITABLE);
        else
            EXPECT_NOTHING(&loop); /* no urgent data */

        model_close(&loop, ends);
    }
}

TEST(kqueue4_urgent_data_alone_as_a_one_shot)
{
    struct loop loop = loop_open();
    int ends[2];

    open_tcp(ends);
    int result = mio_registry_register(loop.registry, ends[NEAR], 1, MIO_PRIORITY | MIO_ONESHOT);
    CHECK_EQ(result, serves(MIO_PRIORITY) ? 0 : -ENOTSUP);
    put(ends[FAR], "no urgent data");
    EXPECT_NOTHING(&loop);

    close_pair(ends);
    loop_close(&loop);
}

/* --- a child that fork() does not know of --- */

static bool is_refused(const struct loop *loop)
{
    struct mio_waker *waker;
    return mio_waker_new(loop->registry, 1, &waker) == -ECHILD &&
           mio_poll_fd(loop->poll) == -ECHILD;
}

TEST(life3_a_child_made_past_fork_is_told_too)
{
    int ends[2];
    struct loop loop = model_open(ends);
    int status = 0;

    fflush(NULL);
    pid_t child = _Fork();
    REQUIRE(child >= 0);
    if (child == 0)
        _exit(is_refused(&loop) ? 0 : 1);
    REQUIRE_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);

    model_close(&loop, ends);
}

/* --- K20 --- */

TEST(kqueue4_a_device_is_reregistered)
{
#if MIO_PLATFORM == MIO_PLATFORM_APPLE
    kqmodel_reset();
    struct loop loop = loop_open();
    int device = open("/dev/null", O_RDWR | O_CLOEXEC);

    REQUIRE(device >= 0);
    CHECK_EQ(mio_registry_register(loop.registry, device, 1, BOTH), 0);
    CHECK_EQ(mio_registry_reregister(loop.registry, device, 2, MIO_READABLE | MIO_LEVEL), 0);
    CHECK(has_knote(&loop, device, EVFILT_READ));
    CHECK(!has_knote(&loop, device, EVFILT_WRITE));
    CHECK_EQ(mio_registry_deregister(loop.registry, device), 0);

    CHECK_EQ(close(device), 0);
    loop_close(&loop);
#else
    SKIP("marks of devices are macOS's");
#endif
}

/* What is put back can be touched as before. */
TEST(kqueue4_a_refused_change_leaves_a_device_that_is_touched)
{
#if MIO_PLATFORM == MIO_PLATFORM_APPLE
    kqmodel_reset();
    struct loop loop = loop_open();
    struct mio_source source;
    int device = open("/dev/null", O_RDWR | O_CLOEXEC);

    REQUIRE(device >= 0);
    mio_source_init(&source, device);
    REQUIRE_EQ(mio_source_register(&source, loop.registry, 7, MIO_READABLE), 0);
    EXPECT_ONE(&loop, 7, MIO_READABLE);
    kqmodel_refuse_filter(EVFILT_WRITE, ENOMEM);
    CHECK_EQ(mio_source_reregister(&source, 8, BOTH), -ENOMEM);
    kqmodel_refuse_filter(EVFILT_WRITE, 0);
    while (loop_wait(&loop, 0) > 0)
        continue;
    calls();
    CHECK_EQ(mio_registry_rearm(loop.registry, device, BOTH), 0);
    CHECK_EQ(calls(), 1);
    EXPECT_ONE(&loop, 7, MIO_READABLE);
    CHECK_EQ(mio_source_close(&source), 0);
    loop_close(&loop);
#else
    SKIP("marks of devices are macOS's");
#endif
}

#if MIO_PLATFORM == MIO_PLATFORM_APPLE

static struct kevent last_touch(void)
{
    struct kevent touch = {.ident = 0};
    CHECK_EQ(kqmodel_last_changes(&touch, 1), 1);
    return touch;
}

#endif

/* EV1: what such a device gives after its first edge has to be asked for (K55). */
#if MIO_PLATFORM == MIO_PLATFORM_APPLE
static void check_touch(struct loop *loop, int device)
{
    struct kevent touch = last_touch();
    CHECK_EQ((int)touch.filter, EVFILT_READ);
    CHECK_EQ(touch.flags & (EV_ADD | EV_DELETE | EV_ENABLE), EV_ENABLE);
    CHECK_EQ(touch.fflags, NOTE_LOWAT);
    CHECK_EQ(touch.data, 1);
    EXPECT_ONE(loop, 7, MIO_READABLE);
    kqmodel_fail_kevent(1, ENOMEM);
    CHECK_EQ(mio_registry_rearm(loop->registry, device, BOTH), -ENOMEM);
}
#endif

TEST(kqueue4_a_device_is_touched_by_rearming)
{
#if MIO_PLATFORM == MIO_PLATFORM_APPLE
    static const mio_interest modes[] = {0, MIO_LEVEL, MIO_ONESHOT};
    for (size_t i = 0; i < 3; i++) {
        int ends[2];
        struct loop loop = model_open(ends);
        int device = open("/dev/null", O_RDWR | O_CLOEXEC);

        REQUIRE(device >= 0);
        calls();
        CHECK_EQ(mio_registry_rearm(loop.registry, ends[NEAR], MIO_READABLE), 0);
        REQUIRE_EQ(mio_registry_register(loop.registry, device, 7, MIO_READABLE | modes[i]), 0);
        AWAIT_EVENTS(&loop, {7, MIO_READABLE});
        calls();
        CHECK_EQ(mio_registry_rearm(loop.registry, ends[NEAR], MIO_READABLE), 0);
        CHECK_EQ(mio_registry_rearm(loop.registry, device, MIO_WRITABLE), 0);
        CHECK_EQ(calls(), 0);
        CHECK_EQ(mio_registry_rearm(loop.registry, device, BOTH), 0);
        CHECK_EQ(calls(), modes[i] == 0 ? 1 : 0);
        if (modes[i] == 0)
            check_touch(&loop, device);
        CHECK_EQ(mio_registry_deregister(loop.registry, device), 0);
        CHECK_EQ(mio_registry_rearm(loop.registry, device, BOTH), 0);
        CHECK_EQ(mio_registry_rearm(loop.registry, 1000, BOTH), 0); /* never registered */
        EXPECT_NOTHING(&loop);
        /* Closed, so that the knote has gone. */
        REQUIRE_EQ(mio_registry_register(loop.registry, device, 7, MIO_READABLE | modes[i]), 0);
        AWAIT_EVENTS(&loop, {7, MIO_READABLE});
        CHECK_EQ(close(device), 0);
        CHECK_EQ(mio_registry_rearm(loop.registry, device, BOTH), 0);
        model_close(&loop, ends);
    }
#else
    SKIP("marks of devices are macOS's");
#endif
}

/* --- injected events: a kernel that refuses pipes without reader --- */

/* A pipe without reader, registered; only its number is left. */
static int register_and_give_away(struct loop *loop, bool same_device)
{
    int pipe[2];
    int new[2];
    open_pipe(pipe);
    CHECK_EQ(close(pipe[NEAR]), 0);
    kqmodel_refuse_filter(EVFILT_WRITE, EPIPE);
    REQUIRE_EQ(mio_registry_register(loop->registry, pipe[FAR], 1, MIO_WRITABLE), 0);
    kqmodel_refuse_filter(EVFILT_WRITE, 0);
    if (same_device)
        open_pipe(new);
    else
        open_pair(new);
    REQUIRE_EQ(dup2(new[FAR], pipe[FAR]), pipe[FAR]);
    close_pair(new);
    return pipe[FAR];
}

TEST(ev4_an_injected_event_is_of_a_file)
{
    for (int same_device = 0; same_device < 2; same_device++) {
        int ends[2];
        struct loop loop = model_open(ends);

        int fd = register_and_give_away(&loop, same_device != 0);
        EXPECT_NOTHING(&loop);
        CHECK_EQ(close(fd), 0);
        fd = register_and_give_away(&loop, same_device != 0);
        CHECK_EQ(mio_registry_deregister(loop.registry, fd), -ENOENT);
        EXPECT_NOTHING(&loop);

        CHECK_EQ(close(fd), 0);
        model_close(&loop, ends);
    }
}

/* Nobody waits any more for what is to be handed over. */
TEST(ev4_an_injected_event_goes_with_its_poll)
{
    int ends[2];
    struct loop loop = model_open(ends);
    int fd = register_and_give_away(&loop, true);

    CHECK_EQ(close(fd), 0);
    model_close(&loop, ends);
}

/* EV3: the kernel's event was delivered first, for want of room; the injected one is of the other
 * direction, and comes too late. */
TEST(ev3_an_injected_event_of_a_spent_one_shot_is_dropped)
{
    struct loop loop = loop_open_with(NULL, 1);
    int ends[2];

    kqmodel_reset();
    open_pair(ends);
    put(ends[FAR], "x");
    kqmodel_refuse_filter(EVFILT_WRITE, EPIPE);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, BOTH | MIO_ONESHOT), 0);
    kqmodel_refuse_filter(EVFILT_WRITE, 0);
    EXPECT_ONE(&loop, 1, MIO_READABLE);

    model_close(&loop, ends);
}

#endif
