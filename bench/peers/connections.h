/* SPDX-License-Identifier: MIT */
/* A ring of a server's open connections, for peers that keep a watcher in each. */
#ifndef BENCH_PEERS_CONNECTIONS_H
#define BENCH_PEERS_CONNECTIONS_H

struct ring {
    struct ring *next, *previous;
};

static inline void ring_start(struct ring *head)
{
    head->next = head;
    head->previous = head;
}

static inline void ring_add(struct ring *head, struct ring *member)
{
    member->next = head;
    member->previous = head->previous;
    head->previous->next = member;
    head->previous = member;
}

static inline void ring_remove(struct ring *member)
{
    member->next->previous = member->previous;
    member->previous->next = member->next;
}

#endif
