/* SPDX-License-Identifier: MIT */
/* A user's program that is C and C++ at once: whatever a header offers to be joined, inverted and
 * compared can be, under every warning about conversions. */
#include <mio.h>
#include <mio/epoll.h>
#include <mio/kqueue.h>

#if (MIO_READABLE | MIO_READ_CLOSED) != 0x41
#error "the preprocessor does not know the bits of readiness"
#endif

static mio_interest everything = MIO_ALL_READINESS | MIO_ALL_MODES;

static int number_of(const struct mio_event *event)
{
    switch (mio_event_readiness(event)) {
    case MIO_READABLE:
        return 1;
    case MIO_READABLE | MIO_READ_CLOSED:
        return 2;
    case MIO_READABLE | MIO_WRITABLE | MIO_ERROR | MIO_READ_CLOSED | MIO_WRITE_CLOSED:
        return 3;
    default:
        return (mio_event_readiness(event) & (MIO_READABLE | MIO_ERROR)) != 0;
    }
}

static mio_interest without_writing(mio_interest interest)
{
    interest &= ~MIO_WRITABLE;
    interest |= MIO_LEVEL | MIO_PRIORITY;
    return interest & ~(MIO_ONESHOT | MIO_EXCLUSIVE);
}

static uint32_t flags_of(uint32_t flags)
{
    return (flags & ~MIO_OPTION_PIPE_WAKER) | MIO_OPTION_MILLISECONDS;
}

int strict_consumer(const struct mio_event *event, mio_fd fd);
int strict_consumer(const struct mio_event *event, mio_fd fd)
{
    mio_token lowest = MIO_SLAB_LOWEST_TOKEN;
    size_t most = MIO_SLAB_MAX;
    int64_t for_ever = MIO_FOREVER;
    int64_t deadline = mio_now() + MIO_SECONDS(1) + MIO_MS(fd) + MIO_US(1u);
    if (fd == MIO_INVALID_FD || for_ever == deadline || lowest == most)
        return 0;
    return number_of(event) + (without_writing(everything) != 0) + (flags_of(0) != 0);
}
