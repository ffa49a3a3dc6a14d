/* SPDX-License-Identifier: MIT */
/*
 * Linked lists through the members of what is listed; the one thing the model needs that C cannot
 * say without macros. Not <sys/queue.h>, because musl has none.
 *
 * A list has a head with the first element; each element has, in a member of type LINK(type), the
 * next one and the place that points to itself, so that it can be taken out without the head.
 */
#ifndef KQMODEL_LIST_H
#define KQMODEL_LIST_H

#include <stddef.h>

#define LINK(type)    \
    struct {          \
        type *next;   \
        type **place; \
    }

/* Puts `element` where `spot` points, before what is there. */
#define LINK_INSERT(spot, element, member)                     \
    do {                                                       \
        (element)->member.next = *(spot);                      \
        (element)->member.place = (spot);                      \
        if (*(spot))                                           \
            (*(spot))->member.place = &(element)->member.next; \
        *(spot) = (element);                                   \
    } while (0)

#define LINK_REMOVE(element, member)                                        \
    do {                                                                    \
        if ((element)->member.next)                                         \
            (element)->member.next->member.place = (element)->member.place; \
        *(element)->member.place = (element)->member.next;                  \
    } while (0)

#endif
