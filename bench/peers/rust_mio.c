/* SPDX-License-Identifier: MIT */
/* mio, the Rust crate: rust_mio/src/lib.rs has the loops. */
#include "../harness.h"

struct bench_loop *rust_mio_open(size_t descriptors, bool wakes, size_t capacity);
void rust_mio_close(struct bench_loop *loop);
void rust_mio_add(struct bench_loop *loop, size_t slot, int fd);
void rust_mio_change(struct bench_loop *loop, size_t slot, int fd);
void rust_mio_remove(struct bench_loop *loop, size_t slot, int fd);
void rust_mio_look(struct bench_loop *loop);
void rust_mio_dispatch(struct bench_loop *loop, long n);
void rust_mio_wake(struct bench_loop *loop);
void rust_mio_await_wake(struct bench_loop *loop);
void rust_mio_serve(int listener, bool once, void *user, bool (*answered)(void *user),
                    void (*linger)(int fd));

static const char *version(void)
{
    return BENCH_RUST_MIO_VERSION;
}

static struct bench_loop *open_loop(const struct bench_options *options)
{
    return rust_mio_open(options->descriptors, options->wakes,
                         options->capacity ? options->capacity : BENCH_CAPACITY);
}

static bool answered(void *user)
{
    return bench_answered(user);
}

static void serve(struct bench_server *server)
{
    rust_mio_serve(server->listener, server->once, server, answered, bench_linger);
}

const struct bench_peer bench_rust_mio = {
    .name = "mio",
    .what = "mio, the Rust crate",
    .version = version,
    .open = open_loop,
    .close = rust_mio_close,
    .add = rust_mio_add,
    .change = rust_mio_change,
    .remove = rust_mio_remove,
    .look = rust_mio_look,
    .dispatch = rust_mio_dispatch,
    .wake = rust_mio_wake,
    .await_wake = rust_mio_await_wake,
    .serve = serve,
    .only_edges = true,
};
