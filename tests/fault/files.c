/* SPDX-License-Identifier: MIT */
/* What is asked of a file or a device beside the kernel's own answer, and is not answered. */
#define _GNU_SOURCE

#include "fault.h"
#include "sweep.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static struct loop open_serving_files(void)
{
    struct mio_options options = {.backend = swept_backend(),
                                  .flags = MIO_OPTION_ALWAYS_READY_FILES};
    struct loop loop = {.poll = NULL};
    REQUIRE_EQ(mio_poll_new(&options, &loop.poll), 0);
    loop.registry = mio_poll_registry(loop.poll);
    REQUIRE_EQ(mio_events_new(4, NULL, &loop.events), 0);
    return loop;
}

static void close_serving_files(struct loop *loop)
{
    mio_events_free(loop->events);
    mio_poll_free(loop->poll);
}

static int open_file(const char *name)
{
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    REQUIRE(fd >= 0);
    return fd;
}

/* Registers until nothing is refused any more. How often it was. */
static unsigned register_despite(struct loop *loop, int fd, enum call call, int error)
{
    unsigned refused = 0;
    for (unsigned nth = 1; nth < 20; nth++) {
        fault_order((struct fault){call, nth, error});
        int result = mio_registry_register(loop->registry, fd, ONE, MIO_READABLE);
        bool struck = fault_struck();
        fault_order((struct fault){.nth = 0});
        if (result == 0)
            return refused;
        refused++;
        CHECK(struck);
        CHECK(result == -error || result == -EPERM);
        CHECK_EQ(mio_registry_deregister(loop->registry, fd), -ENOENT);
        CHECK_EQ(mio_poll_wait(loop->poll, loop->events, 0), 0);
    }
    return refused;
}

TEST(reg10_a_file_of_which_nothing_is_known_is_refused)
{
    struct loop loop = open_serving_files();
    int fd = open_file("/");
    CHECK(register_despite(&loop, fd, CALL_fstat, EIO) >= 2);
    CHECK_EQ(mio_poll_wait(loop.poll, loop.events, 0), 1);
    CHECK_EQ(mio_event_token(mio_events_get(loop.events, 0)), ONE);
    CHECK_EQ(mio_registry_deregister(loop.registry, fd), 0);
    CHECK_EQ(close(fd), 0);
    close_serving_files(&loop);
}

TEST(reg10_without_a_doorbell_a_file_is_refused)
{
    struct loop loop = open_serving_files();
    int fd = open_file("/");
    unsigned refused = register_despite(&loop, fd, CALL_eventfd, EMFILE);
    CHECK_EQ(refused, sweeps("epoll") ? 1 : 0); /* others have theirs already, or another kind */
    CHECK_EQ(mio_poll_wait(loop.poll, loop.events, 0), 1);
    CHECK_EQ(close(fd), 0);
    close_serving_files(&loop);
}

/* A device of which it cannot be asked what it is is watched as others are. */
TEST(reg1_a_device_that_does_not_say_what_it_is_is_watched)
{
    static const struct fault faults[] = {{CALL_fcntl_getfl, 1, EBADF}, {CALL_poll, 1, ENOMEM}};
    if (!sweeps("poll"))
        SKIP("epoll refuses /dev/null, and a kqueue is not asked");
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        struct loop loop = open_serving_files();
        int fd = open_file("/dev/null");
        fault_order(faults[i]);
        CHECK_EQ(mio_registry_register(loop.registry, fd, ONE, MIO_READABLE), 0);
        fault_order((struct fault){.nth = 0});
        CHECK_EQ(mio_poll_wait(loop.poll, loop.events, 0), 1);
        CHECK_EQ(close(fd), 0);
        close_serving_files(&loop);
    }
}
