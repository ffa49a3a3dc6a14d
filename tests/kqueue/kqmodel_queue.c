/* SPDX-License-Identifier: MIT */
/*
 * The queue of a kqueue: activation and delivery.
 *
 * A knote is active when its filter was true at some edge, and queued when it is active and
 * enabled. The queue is first in, first out by activation; what stays true without EV_CLEAR or
 * EV_DISPATCH goes to the tail when it was reported, so a short event list is fair. Every queued
 * knote is asked again when it is fetched (except one-shots, on most systems), and silently leaves
 * when it is false.
 */
#define _GNU_SOURCE

#include "kqmodel_inner.h"

#include <string.h>

void knote_dequeue(struct knote *knote)
{
    if (!knote->queued)
        return;
    struct kq *kq = knote->kq;
    if (kq->queue_end == &knote->in_queue.next)
        kq->queue_end = knote->in_queue.place;
    LINK_REMOVE(knote, in_queue);
    knote->queued = false;
    kq->queued--;
}

/* `joins`: an outer kqueue hears of it. */
static void enqueue(struct knote *knote, bool joins)
{
    if (knote->queued || knote->disabled)
        return;
    struct kq *kq = knote->kq;
    if (joins && (kq->queued == 0 || !flavour.nested_edge_from_empty))
        kq->joined++;
    LINK_INSERT(kq->queue_end, knote, in_queue);
    kq->queue_end = &knote->in_queue.next;
    knote->queued = true;
    kq->queued++;
}

void knote_activate(struct knote *knote)
{
    knote->active = true;
    enqueue(knote, true);
}

bool knote_skips_check(const struct knote *knote)
{
    if (!(knote->flags & EV_ONESHOT))
        return false;
    return knote->kind == KIND_USER ? !flavour.oneshot_user_rechecked : !flavour.oneshot_rechecked;
}

/* --- delivery --- */

static void report(const struct knote *knote, struct kevent *event)
{
    bool user = knote->kind == KIND_USER;
    bool blank = user && (knote->flags & EV_ONESHOT) && flavour.user_oneshot_blank;
    memset(event, 0, sizeof *event);
    event->ident = knote->ident;
    event->filter = (__typeof__(event->filter))knote->filter;
    event->flags = (__typeof__(event->flags))knote->flags;
    event->fflags = blank ? 0 : user ? knote->asked_fflags : knote->fflags;
    event->data = (__typeof__(event->data))(blank ? 0 : user ? knote->asked_data : knote->data);
    event->udata = knote->udata;
}

/* Whether the knote goes back to the queue. */
static bool after_report(struct knote *knote)
{
    bool clear = (knote->flags & EV_CLEAR) != 0;
    bool dispatch = (knote->flags & EV_DISPATCH) && !(clear && flavour.clear_beats_dispatch);
    if (knote->flags & EV_ONESHOT || knote->kind == KIND_AIO || knote->kind == KIND_LIO) {
        knote_drop(knote);
        return false;
    }
    if (clear) {
        knote->fflags = 0;
        knote->data = 0;
        knote->triggered = false;
        if (knote->kind == KIND_USER && flavour.user_clear_zeroes) {
            knote->asked_fflags = 0;
            knote->asked_data = 0;
        }
    }
    if (dispatch)
        knote->disabled = true;
    if (clear || dispatch)
        knote->active = false;
    return !clear && !dispatch;
}

/* What was reported and stays true goes to the tail when the fetch is over. */
static void put_back(struct knote *list)
{
    while (list) {
        struct knote *knote = list;
        list = knote->in_queue.next;
        enqueue(knote, flavour.nested_put_back_is_edge);
    }
}

int queue_fetch(struct kq *kq, struct kevent *events, int room)
{
    struct knote *back = NULL;
    struct knote **back_end = &back;
    int count = 0;
    for (int left = kq->queued; left > 0 && count < room; left--) {
        struct knote *knote = kq->queue;
        knote_dequeue(knote);
        if (knote->disabled)
            continue;
        if (!knote_skips_check(knote) && !knote_is_true_now(knote)) {
            knote->active = false;
            continue;
        }
        report(knote, &events[count++]);
        if (after_report(knote)) {
            LINK_INSERT(back_end, knote, in_queue);
            back_end = &knote->in_queue.next;
        }
    }
    put_back(back);
    return count;
}
