/* SPDX-License-Identifier: MIT */
/* libmio behind the table, over a selector and with a mode of choice. */
#ifndef BENCH_PEERS_MIO_H
#define BENCH_PEERS_MIO_H

#include "../harness.h"

#include <mio.h>

struct bench_loop *bench_mio_open(const struct bench_options *options, const char *backend,
                                  mio_interest mode);
void bench_mio_serve(struct bench_server *server, const char *backend, mio_interest mode);

/* Everything but name, open and serve. */
#define BENCH_MIO_FUNCTIONS                                                                 \
    .version = bench_mio_version, .close = bench_mio_close, .add = bench_mio_add,           \
    .change = bench_mio_change, .remove = bench_mio_remove, .add_many = bench_mio_add_many, \
    .change_many = bench_mio_change_many, .remove_many = bench_mio_remove_many,             \
    .look = bench_mio_look, .dispatch = bench_mio_dispatch, .wake = bench_mio_wake,         \
    .await_wake = bench_mio_await_wake

const char *bench_mio_version(void);
void bench_mio_close(struct bench_loop *loop);
void bench_mio_add(struct bench_loop *loop, size_t slot, int fd);
void bench_mio_change(struct bench_loop *loop, size_t slot, int fd);
void bench_mio_remove(struct bench_loop *loop, size_t slot, int fd);
void bench_mio_add_many(struct bench_loop *loop, const int *fds, size_t n);
void bench_mio_change_many(struct bench_loop *loop, const int *fds, size_t n);
void bench_mio_remove_many(struct bench_loop *loop, const int *fds, size_t n);
void bench_mio_look(struct bench_loop *loop);
void bench_mio_dispatch(struct bench_loop *loop, long n);
void bench_mio_wake(struct bench_loop *loop);
void bench_mio_await_wake(struct bench_loop *loop);

#endif
