/* SPDX-License-Identifier: MIT */
#include "../backends.h"

#if MIO_HAVE_PORTS

#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* EBADFD, POLLRDHUP */
#endif

#include "ports_association.h"

#include "../../os/descriptor.h"

#include <port.h>

void mio__ports_table_open(struct ports_table *table, const struct mio_allocator *allocator,
                           int port)
{
    *table = (struct ports_table){.port = port, .first_due = NONE_DUE};
    mio__descriptor_table_init(&table->by_fd, allocator, sizeof(struct ports_association));
}

static struct ports_association *association_of(const struct ports_table *table, int fd)
{
    struct ports_association *all = table->by_fd.entries;
    MIO_ASSERT(fd >= 0 && (size_t)fd < table->by_fd.capacity);
    return &all[fd];
}

int mio__ports_associate(struct ports_table *table, const struct poll_set *set, size_t place)
{
    const struct pollfd *asking = &set->fds[place];
    uint32_t serial = set->entries[place].serial;
    struct ports_association *association = association_of(table, asking->fd);
    int saved = errno;
    if (association->is_made && association->events == asking->events &&
        association->serial == serial)
        return 0;
    association->events = asking->events;
    association->serial = serial;
    association->is_made = port_associate(table->port, PORT_SOURCE_FD, (uintptr_t)asking->fd,
                                          asking->events, (void *)(uintptr_t)serial) == 0;
    if (association->is_made)
        return 0;
    int error = mio__failed(saved);
    return error == -EBADFD ? -EBADF : error;
}

/* ENOENT: the kernel has ended it meanwhile; EBADFD: with its descriptor. */
void mio__ports_dissociate(struct ports_table *table, int fd)
{
    struct ports_association *association = association_of(table, fd);
    int saved = errno;
    if (association->is_made)
        (void)port_dissociate(table->port, PORT_SOURCE_FD, (uintptr_t)fd);
    association->is_made = false;
    errno = saved;
}

void mio__ports_has_ended(struct ports_table *table, int fd)
{
    association_of(table, fd)->is_made = false;
}

static void put_off(struct ports_table *table, int fd)
{
    struct ports_association *association = association_of(table, fd);
    if (association->is_due)
        return;
    association->is_due = true;
    association->next_due = table->first_due;
    table->first_due = fd;
}

int mio__ports_follow(struct ports_table *table, const struct poll_set *set, size_t place, bool now)
{
    int fd = set->fds[place].fd;
    int error = 0;
    if (fd < 0) {
        mio__ports_dissociate(table, ~fd);
        return 0;
    }
    if (now)
        error = mio__ports_associate(table, set, place);
    if (!now || error < 0)
        put_off(table, fd);
    return error;
}

bool mio__ports_catch_up(struct ports_table *table, struct poll_set *set)
{
    bool is_complete = true;
    int fd = table->first_due;
    table->first_due = NONE_DUE;
    while (fd != NONE_DUE) {
        int next = association_of(table, fd)->next_due;
        size_t place = mio__poll2_set_find(set, fd);
        association_of(table, fd)->is_due = false;
        int error = place != 0 ? mio__ports_follow(table, set, place, true) : 0;
        if (error == -EBADF)
            mio__poll2_set_remove(set, place);
        else if (error < 0)
            is_complete = false;
        fd = next;
    }
    return is_complete;
}

#endif
