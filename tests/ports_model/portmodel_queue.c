/* SPDX-License-Identifier: MIT */
/* The queue of a port's events, first come, first served. The lock is held. */
#include "portmodel_inner.h"

#include <errno.h>

void queue_init(struct port *port)
{
    port->first = NO_NODE;
    port->last = NO_NODE;
    port->free = NO_NODE;
    port->never_used = MAX_DESCRIPTORS;
}

void queue_add(struct port *port, int32_t index)
{
    struct node *node = &port->nodes[index];
    node->next = NO_NODE;
    node->previous = port->last;
    node->is_queued = true;
    if (port->last == NO_NODE)
        port->first = index;
    else
        port->nodes[port->last].next = index;
    port->last = index;
    port->queued++;
}

void queue_remove(struct port *port, int32_t index)
{
    struct node *node = &port->nodes[index];
    if (node->previous == NO_NODE)
        port->first = node->next;
    else
        port->nodes[node->previous].next = node->next;
    if (node->next == NO_NODE)
        port->last = node->previous;
    else
        port->nodes[node->next].previous = node->previous;
    node->is_queued = false;
    port->queued--;
}

int queue_send(struct port *port, int events, void *user)
{
    if (port->held >= port->max_events)
        return EAGAIN;
    int32_t index = port->free;
    if (index != NO_NODE)
        port->free = port->nodes[index].next;
    else
        index = port->never_used++;
    port->held++;
    port->nodes[index].events = events;
    port->nodes[index].user = user;
    queue_add(port, index);
    return 0;
}

static bool is_of_descriptor(int32_t index)
{
    return index < MAX_DESCRIPTORS;
}

/* An event of a descriptor is for those processes that have it. */
static bool is_available(const struct port *port, int32_t index)
{
    return !is_of_descriptor(index) || association_is_ours(&port->associations[index], index);
}

unsigned queue_available(const struct port *port)
{
    unsigned count = 0;
    for (int32_t i = port->first; i != NO_NODE; i = port->nodes[i].next)
        count += is_available(port, i);
    return count;
}

static void take(struct port *port, int32_t index, port_event_t *event)
{
    const struct node *node = &port->nodes[index];
    bool is_user = !is_of_descriptor(index);
    *event = (port_event_t){
        .portev_events = node->events,
        .portev_source = is_user ? PORT_SOURCE_USER : PORT_SOURCE_FD,
        .portev_pad = 0x5a5a,
        .portev_object = is_user ? 0 : (uintptr_t)index,
        .portev_user = is_user ? node->user : port->associations[index].user,
    };
    queue_remove(port, index);
    if (!is_user)
        return;
    port->nodes[index].next = port->free;
    port->free = index;
    port->held--;
}

unsigned queue_take(struct port *port, port_event_t *list, unsigned max)
{
    unsigned count = 0;
    for (int32_t i = port->first, next; i != NO_NODE && count < max; i = next) {
        next = port->nodes[i].next;
        if (is_available(port, i))
            take(port, i, &list[count++]);
    }
    return count;
}
