/* SPDX-License-Identifier: MIT */
/* libmio over poll(2), what it falls back on. Level-triggered, which costs this selector least. */
#include "mio.h"

static struct bench_loop *open_poll(const struct bench_options *options)
{
    return bench_mio_open(options, "poll", MIO_LEVEL);
}

static void serve_poll(struct bench_server *server)
{
    bench_mio_serve(server, "poll", MIO_LEVEL);
}

const struct bench_peer bench_mio_poll = {
    .name = "libmio_poll",
    .what = "libmio, poll selector",
    .open = open_poll,
    .serve = serve_poll,
    .looks_at_all = true,
    BENCH_MIO_FUNCTIONS,
};
