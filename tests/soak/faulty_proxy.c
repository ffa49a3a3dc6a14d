/* SPDX-License-Identifier: MIT */
/*
 * The proxy of examples/ with a fault that the soak has to find, named by FAULT: "descriptor" (some
 * are never closed), "memory" (100 bytes a connection are not freed), "byte" (some writes lose
 * their last one), "spin" (it never sleeps), or "none".
 */
#include <mio.h>

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static bool has_fault(const char *name)
{
    const char *fault = getenv("FAULT");
    return fault && strcmp(fault, name) == 0;
}

/* True once in a hundred times. */
static bool now(void)
{
    static unsigned count;
    return ++count % 100 == 0;
}

static int faulty_close(struct mio_source *source)
{
    if (!has_fault("descriptor") || source->fd == MIO_INVALID_FD || !now())
        return mio_source_close(source);
    shutdown(source->fd, SHUT_RDWR); /* so that nobody else notices */
    return 0;
}

static void *faulty_calloc(size_t count, size_t size)
{
    static void *volatile leaked;
    if (has_fault("memory")) {
        leaked = malloc(100);
        if (leaked)
            memset(leaked, 1, 100);
    }
    return calloc(count, size);
}

static ptrdiff_t faulty_write(struct mio_tcp_stream *stream, const void *buffer, size_t size)
{
    bool loses = size > 1 && has_fault("byte") && now();
    ptrdiff_t n = mio_tcp_stream_write(stream, buffer, size - loses);
    return loses && n == (ptrdiff_t)size - 1 ? n + 1 : n;
}

static int faulty_wait(struct mio_poll *poll, struct mio_events *events, int64_t deadline)
{
    return mio_poll_wait_until(poll, events, has_fault("spin") ? 0 : deadline);
}

/* clang-format off */
#define mio_source_close faulty_close
#define calloc faulty_calloc
#define mio_tcp_stream_write faulty_write
#define mio_poll_wait_until faulty_wait
/* clang-format on */
#include "../../examples/proxy.c"
