/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "kqueue_model.h"

#if defined(HAVE_MODEL)

struct loop model_open(int ends[2])
{
    kqmodel_reset();
    struct loop loop = loop_open();
    open_pair(ends);
    return loop;
}

void model_close(struct loop *loop, const int ends[2])
{
    close_pair(ends);
    loop_close(loop);
    kqmodel_reset();
}

bool has_knote(const struct loop *loop, int fd, int filter)
{
    return kqmodel_has_knote(mio_poll_fd(loop->poll), (uintptr_t)fd, filter);
}

unsigned calls(void)
{
    static unsigned before;
    unsigned now = kqmodel_kevent_calls();
    unsigned since = now >= before ? now - before : now;
    before = now;
    return since;
}

#endif
