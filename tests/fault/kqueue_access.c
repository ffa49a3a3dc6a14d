/* SPDX-License-Identifier: MIT */
/* The raw access. */
#define _GNU_SOURCE

#include "sweep.h"

#if defined(MIO_RECORD_KEVENT)

#include <errno.h>
#include <mio/kqueue.h>
#include <sys/event.h>

static void raw_door_scenario(void)
{
    enum { IDENT = 7, TOKEN = 5 };
    struct loop loop = loop_open(0, 16);
    STEP(0, mio_kqueue_register(loop.registry, IDENT, EVFILT_USER, EV_ADD | EV_CLEAR, 0, 0, TOKEN));
    STEP(0, mio_kqueue_register(loop.registry, IDENT, EVFILT_USER, 0, NOTE_TRIGGER, 0, TOKEN));
    await(&loop, TOKEN, MIO_READABLE);
    int ends[2];
    open_pair(ends);
    STEP(0, mio_kqueue_register(loop.registry, (uintptr_t)ends[NEAR], EVFILT_READ,
                                EV_ADD | EV_CLEAR, 0, 0, TOKEN));
    put(ends[FAR], "x");
    await(&loop, TOKEN, MIO_READABLE);
    STEP(0, mio_kqueue_register(loop.registry, (uintptr_t)ends[NEAR], EVFILT_READ, EV_DELETE, 0, 0,
                                TOKEN));
    STEP(-ENOENT, mio_kqueue_register(loop.registry, (uintptr_t)ends[NEAR], EVFILT_READ, EV_DELETE,
                                      0, 0, TOKEN));
    close_ends(ends);
    loop_close(&loop);
}

TEST(raw_door)
{
    if (!sweeps("kqueue"))
        SKIP("kqueue's own");
    sweep("raw_door", raw_door_scenario, IN_PROCESS);
}

#endif
