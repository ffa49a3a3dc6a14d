/* SPDX-License-Identifier: MIT */
/* Files: making a watch, adding, being told, removing. */
#define _GNU_SOURCE

#include "sweep.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char watched_path[] = "/tmp/mio-fault-XXXXXX";

static void write_watched(const char *path)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    HOLDS(fd >= 0 && write(fd, "x", 1) == 1);
    HOLDS(close(fd) == 0);
}

static void hold_told(struct mio_watch *watch, mio_token id, uint32_t what)
{
    struct mio_watch_event happened = {.id = 0};
    STEP_OR(1, mio_watch_next(watch, &happened)) {
        HOLDS(happened.id == 0);
    }
    if (happened.id == 0) /* the kernel said that there is nothing */
        HOLDS(mio_watch_next(watch, &happened) == 1);
    HOLDS(happened.id == id && happened.what == what && !happened.name);
}

static void watches_scenario(void)
{
    struct loop loop = loop_open(0, 16);
    struct mio_watch *watch;
    struct mio_watch_event happened;
    char path[sizeof watched_path];
    memcpy(path, watched_path, sizeof path);
    int fd = mkstemp(path);
    HOLDS(fd >= 0 && close(fd) == 0);
    MAKE(&watch, mio_watch_new(loop.registry, ONE, &watch));
    STEP(0, mio_watch_add(watch, path, MIO_WATCH_WRITTEN, 3));
    STEP(0, mio_watch_add(watch, "/tmp", MIO_WATCH_RENAMED, 4));
    write_watched(path);
    await(&loop, ONE, MIO_READABLE);
    hold_told(watch, 3, MIO_WATCH_WRITTEN);
    STEP(0, mio_watch_next(watch, &happened));
    write_watched(path);
    await(&loop, ONE, MIO_READABLE);
    hold_told(watch, 3, MIO_WATCH_WRITTEN);
    STEP(0, mio_watch_remove(watch, 4));
    HOLDS(mio_watch_remove(watch, 4) == -ENOENT);
    STEP(0, mio_watch_remove(watch, 3));
    STEP(0, mio_watch_next(watch, &happened));
    STEP(0, mio_watch_add(watch, path, MIO_WATCH_REMOVED, 5));
    HOLDS(unlink(path) == 0);
    await(&loop, ONE, MIO_READABLE);
    hold_told(watch, 5, MIO_WATCH_REMOVED | MIO_WATCH_ENDED);
    FREE(mio_watch_free(watch));
    silent(&loop);
    loop_close(&loop);
}

static bool tells_of_files(void)
{
    struct mio_options options = {.backend = swept_backend()};
    struct mio_poll *poll = NULL;
    struct mio_watch *watch = NULL;
    if (mio_poll_new(&options, &poll) < 0)
        return false;
    int result = mio_watch_new(mio_poll_registry(poll), ONE, &watch);
    mio_watch_free(watch);
    mio_poll_free(poll);
    return result == 0;
}

TEST(watches)
{
    if (!tells_of_files())
        SKIP("nothing tells of files here");
    sweep("watches", watches_scenario, IN_PROCESS);
}
