/* SPDX-License-Identifier: MIT */
/*
 * What kqmodel.h offers to tests: faults, switches, posted requests, counters.
 *
 * An order is a countdown: 0 is none, 1 strikes at the next call. All of it is guarded by the
 * model's lock.
 */
#define _GNU_SOURCE

#include "kqmodel.h"

#include "kqmodel_inner.h"

#include <errno.h>
#include <string.h>

enum { MAX_LOGGED = 256 };

struct order {
    unsigned left;
    int error;
};

static struct order fail_kevent;
static struct order fail_kqueue;
static struct order refuse_change;
static int refused_filter;
static int refused_error;
static bool no_user_filter;
static bool other_release; /* than the flavour's default */
static unsigned calls;
static struct kevent last_changes[MAX_LOGGED];
static int last_count;

static int strike(struct order *order)
{
    if (order->left == 0)
        return 0;
    return --order->left == 0 ? order->error : 0;
}

int fault_of_kevent(void)
{
    return strike(&fail_kevent);
}

int fault_of_kqueue(void)
{
    return strike(&fail_kqueue);
}

int fault_of_change(int filter)
{
    int error = strike(&refuse_change);
    if (error == 0 && refused_error != 0 && filter == refused_filter)
        error = refused_error;
    return error;
}

bool user_filter_present(void)
{
    return !no_user_filter;
}

bool older_release(void)
{
    return flavour.older_by_default != other_release;
}

void note_call(const struct kevent *changes, long count)
{
    calls++;
    if (count <= 0 || !changes)
        return;
    last_count = (int)count;
    for (int i = 0; i < last_count && i < MAX_LOGGED; i++)
        last_changes[i] = changes[i];
}

/* --- kqmodel.h --- */

static void give_order(struct order *order, unsigned n, int error)
{
    sigset_t mask;
    model_lock(&mask);
    *order = (struct order){.left = n, .error = error};
    model_unlock(&mask);
}

const char *kqmodel_flavour(void)
{
    return flavour.name;
}

void kqmodel_reset(void)
{
    sigset_t mask;
    model_lock(&mask);
    fail_kevent = fail_kqueue = refuse_change = (struct order){0, 0};
    refused_filter = refused_error = 0;
    no_user_filter = other_release = false;
    calls = 0;
    last_count = 0;
    orders_reset();
    model_unlock(&mask);
    kqmodel_set_system_identity(true);
}

void kqmodel_fail_kevent(unsigned n, int error)
{
    give_order(&fail_kevent, n, error);
}

void kqmodel_fail_kqueue(unsigned n, int error)
{
    give_order(&fail_kqueue, n, error);
}

void kqmodel_refuse_change(unsigned n, int error)
{
    give_order(&refuse_change, n, error);
}

void kqmodel_refuse_filter(int filter, int error)
{
    sigset_t mask;
    model_lock(&mask);
    refused_filter = filter;
    refused_error = error;
    model_unlock(&mask);
}

void kqmodel_set_user_filter(bool present)
{
    sigset_t mask;
    model_lock(&mask);
    no_user_filter = !present;
    model_unlock(&mask);
}

void kqmodel_set_older(bool older)
{
    sigset_t mask;
    model_lock(&mask);
    other_release = older != flavour.older_by_default;
    model_unlock(&mask);
}

static int post(int fd, int filter, uintptr_t ident, void *udata)
{
    enum kind kind = knote_kind(filter);
    struct kq *kq = kq_of(fd);
    if (!kq || kq->closed)
        return EBADF;
    if (kind != KIND_AIO && kind != KIND_LIO)
        return EINVAL;
    if (!flavour.posts_aio)
        return flavour.aio_add_error;
    struct kevent change;
    memset(&change, 0, sizeof change);
    change.ident = ident;
    change.filter = (__typeof__(change.filter))filter;
    change.udata = udata;
    struct knote *knote = knote_find(kq, ident, filter);
    if (knote)
        knote_drop(knote);
    knote = knote_new(kq, &change, kind);
    knote->flags = flavour.aio_event_flags;
    knote_activate(knote);
    kq_settle(kq);
    return 0;
}

int kqmodel_post_aio(int kq, int filter, uintptr_t ident, void *udata)
{
    sigset_t mask;
    model_lock(&mask);
    int error = post(kq, filter, ident, udata);
    model_unlock(&mask);
    if (error == 0)
        return 0;
    errno = error;
    return -1;
}

unsigned kqmodel_kevent_calls(void)
{
    sigset_t mask;
    model_lock(&mask);
    unsigned count = calls;
    model_unlock(&mask);
    return count;
}

int kqmodel_last_changes(struct kevent *changes, int room)
{
    sigset_t mask;
    model_lock(&mask);
    int count = last_count;
    for (int i = 0; i < count && i < room && i < MAX_LOGGED; i++)
        changes[i] = last_changes[i];
    model_unlock(&mask);
    return count;
}

int kqmodel_knotes(int kq)
{
    sigset_t mask;
    model_lock(&mask);
    struct kq *found = kq_of(kq);
    int count = found ? found->knotes : 0;
    model_unlock(&mask);
    return count;
}

bool kqmodel_has_knote(int kq, uintptr_t ident, int filter)
{
    sigset_t mask;
    model_lock(&mask);
    struct kq *found = kq_of(kq);
    bool has = found && knote_find(found, ident, filter) != NULL;
    model_unlock(&mask);
    return has;
}
