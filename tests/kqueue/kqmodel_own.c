/* SPDX-License-Identifier: MIT */
/* The descriptors that knotes have for what Linux tells of by one: a process, a timer. */
#define _GNU_SOURCE

#include "kqmodel_inner.h"

#include <fcntl.h>

enum { OUT_OF_THE_WAY = 500 };

int out_of_the_way(long fd)
{
    if (fd < 0)
        return -1;
    int moved = fcntl((int)fd, F_DUPFD_CLOEXEC, OUT_OF_THE_WAY);
    if (moved < 0)
        return (int)fd;
    __real_close((int)fd);
    return moved;
}

void own_close(const struct knote *knote)
{
    if (knote->own_fd >= 0)
        __real_close(knote->own_fd);
}

void own_news(const struct kq *kq, int fd)
{
    for (struct knote *knote = kq->list; knote; knote = knote->by_kq.next) {
        if (knote->own_fd == fd && filter_true(knote, NULL))
            knote_activate(knote);
    }
}
