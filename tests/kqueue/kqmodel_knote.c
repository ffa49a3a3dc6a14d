/* SPDX-License-Identifier: MIT */
/*
 * Knotes: the table, news, one change.
 *
 * A knote is keyed by kqueue, ident and filter, and lives in a static table. News of a descriptor
 * comes to all knotes of its file; a change comes to one, and makes it look as news does.
 */
#define _GNU_SOURCE

#include "kqmodel_inner.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include <sys/resource.h>

enum { BUCKETS = 4096 };

static struct knote pool[MAX_KNOTES];
static struct knote *unused;
static int alive;
static struct knote *by_key[BUCKETS];
static struct knote *by_file[BUCKETS];

/* Every child of a fork comes here. The pool is large, and is not written before it is used again.
 */
void knotes_reset(void)
{
    memset(by_key, 0, sizeof by_key);
    memset(by_file, 0, sizeof by_file);
    unused = NULL;
    alive = 0;
}

int knotes_alive(void)
{
    return alive;
}

/* --- the table --- */

enum kind knote_kind(int filter)
{
    const struct {
        int filter;
        enum kind kind;
    } kinds[] = {
        {(int)EVFILT_READ, KIND_READ},        {(int)EVFILT_WRITE, KIND_WRITE},
        {(int)EVFILT_USER, KIND_USER},        {(int)EVFILT_AIO, KIND_AIO},
        {flavour.except_filter, KIND_EXCEPT}, {flavour.lio_filter, KIND_LIO},
        {(int)EVFILT_VNODE, KIND_VNODE},      {(int)EVFILT_PROC, KIND_PROCESS},
        {(int)EVFILT_TIMER, KIND_TIMER},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (kinds[i].filter == filter && filter != NO_FILTER)
            return kinds[i].kind == KIND_USER && !user_filter_present() ? KIND_UNKNOWN
                                                                        : kinds[i].kind;
    }
    bool known = filter >= flavour.first_filter && filter <= flavour.last_filter;
    return known ? KIND_UNMODELLED : KIND_UNKNOWN;
}

bool kind_is_descriptor(enum kind kind)
{
    return kind == KIND_READ || kind == KIND_WRITE || kind == KIND_EXCEPT;
}

static struct knote **key_bucket(const struct kq *kq, uintptr_t ident)
{
    uintptr_t mixed = (ident * 2654435761U) ^ (kq->serial * 40503U);
    return &by_key[(mixed ^ (mixed >> 16)) % BUCKETS];
}

static struct knote **file_bucket(struct file_id id)
{
    return &by_file[(id.inode * 2654435761U + id.device) % BUCKETS];
}

static struct knote *skip_other_files(struct knote *knote, struct file_id id)
{
    while (knote && !file_same(knote->seen.id, id))
        knote = knote->by_file.next;
    return knote;
}

struct knote *knotes_of_file(struct file_id id)
{
    return skip_other_files(*file_bucket(id), id);
}

struct knote *next_of_file(const struct knote *knote)
{
    return skip_other_files(knote->by_file.next, knote->seen.id);
}

struct knote *knote_find(struct kq *kq, uintptr_t ident, int filter)
{
    for (struct knote *knote = *key_bucket(kq, ident); knote; knote = knote->by_key.next) {
        if (knote->kq == kq && knote->ident == ident && knote->filter == filter)
            return knote;
    }
    return NULL;
}

/* The table is handed out front to back once, then from the list of those given back. */
static struct knote *take_unused(void)
{
    static struct knote *fresh;
    if (alive == 0) {
        unused = NULL;
        fresh = pool;
    }
    struct knote *knote = unused;
    if (knote)
        unused = knote->by_kq.next;
    else if (fresh < pool + MAX_KNOTES)
        knote = fresh++;
    return knote;
}

/* EV_ENABLE in the same change wins, where it was not taken out of it before. */
static bool disables(const struct kevent *change)
{
    return (change->flags & EV_DISABLE) && !(change->flags & EV_ENABLE);
}

struct knote *knote_new(struct kq *kq, const struct kevent *change, enum kind kind)
{
    const unsigned operations = EV_ADD | EV_DELETE | EV_ENABLE | EV_DISABLE;
    struct knote *knote = take_unused();
    if (!knote)
        model_abort("more than %d knotes", MAX_KNOTES);
    alive++;
    *knote = (struct knote){
        .kq = kq,
        .ident = change->ident,
        .filter = (int)change->filter,
        .kind = kind,
        .flags = change->flags & ~flavour.system_flags,
        .asked_fflags = (unsigned)change->fflags,
        .asked_data = change->data,
        .udata = change->udata,
        .own_fd = -1,
        .disabled = disables(change),
    };
    if (!flavour.echoes_operations)
        knote->flags &= ~operations;
    LINK_INSERT(key_bucket(kq, knote->ident), knote, by_key);
    LINK_INSERT(&kq->list, knote, by_kq);
    kq->knotes++;
    return knote;
}

static bool watches_pipe_writer(const struct knote *knote)
{
    return knote->kind == KIND_WRITE && knote->seen.kind == FILE_PIPE;
}

static bool others_watch(struct knote *knote)
{
    const int filters[] = {EVFILT_READ, EVFILT_WRITE, flavour.except_filter};
    for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++) {
        if (filters[i] != knote->filter && knote_find(knote->kq, knote->ident, filters[i]))
            return true;
    }
    return false;
}

void knote_drop(struct knote *knote)
{
    struct kq *kq = knote->kq;
    knote_dequeue(knote);
    if (kind_is_descriptor(knote->kind)) {
        if (!others_watch(knote))
            kq_unwatch(kq, (int)knote->ident);
        if (knote->seen.id.inode != 0)
            LINK_REMOVE(knote, by_file);
        if (watches_pipe_writer(knote))
            kq->pipe_writers--;
    }
    if (knote->kind == KIND_VNODE)
        vnode_detach(knote);
    own_close(knote);
    LINK_REMOVE(knote, by_key);
    LINK_REMOVE(knote, by_kq);
    kq->knotes--;
    alive--;
    *knote = (struct knote){.kq = NULL};
    knote->by_kq.next = unused;
    unused = knote;
}

/* --- news --- */

/* False when the number was closed behind the wrapped calls: such a knote stays silent, and goes
 * when its number is used or closed again. */
static bool glance(struct knote *knote, struct look *now)
{
    return file_look((int)knote->ident, now) && file_same(now->id, knote->seen.id);
}

static bool is_cut_off(const struct knote *knote, const struct look *now)
{
    bool cuts = older_release() ? flavour.older_full_pipe_cut_off : flavour.full_pipe_cut_off;
    return cuts && knote->kind == KIND_WRITE && now->kind == FILE_PIPE && now->peer_gone &&
           now->space < PIPE_MARK;
}

/* What stays true counts as news without EV_CLEAR. A pipe's writer is posted when there is room,
 * and only then: the kernel calls no filter in between. */
static bool is_level(const struct knote *knote, const struct look *now)
{
    return !(knote->flags & EV_CLEAR) && !(knote->kind == KIND_WRITE && now->kind == FILE_PIPE);
}

void knote_news(struct knote *knote, bool forced)
{
    struct look now;
    if (knote->unhooked || !glance(knote, &now) || is_cut_off(knote, &now))
        return;
    bool posted = forced || filter_edge(knote, &now);
    bool edge = posted || is_level(knote, &now);
    knote->seen = now;
    /* What nobody looks at again keeps the figures of its last posting. */
    if (knote->queued && !posted && knote_skips_check(knote))
        return;
    if (edge && filter_true(knote, &now))
        knote_activate(knote);
}

/* The queues take what came before, so that events come in the order of activation. News of this
 * file is left out: its knotes are told of it together, by who asked for this. */
void file_catch_up(struct file_id id)
{
    for (struct knote *knote = knotes_of_file(id); knote; knote = next_of_file(knote))
        kq_harvest_others(knote->kq, id);
}

static bool is_pipe(const struct knote *knote)
{
    return knote->seen.kind == FILE_PIPE || knote->seen.kind == FILE_FIFO;
}

/* A list of knotes is told from the newest to the oldest. A pipe has one for all of them; elsewhere
 * the readers' comes first, but for some ends. `only` may be NULL, for all kqueues. */
static void tell_lists(struct file_id id, const struct kq *only)
{
    const struct knote *any = knotes_of_file(id);
    int first = any && filter_writers_first(any);
    for (int turn = 0; turn <= 1; turn++) {
        int writers = turn ^ first;
        for (struct knote *knote = knotes_of_file(id); knote; knote = next_of_file(knote)) {
            int list = knote->kind == KIND_WRITE && !is_pipe(knote);
            if (list != writers || (only && knote->kq != only))
                continue;
            knote_news(knote, false);
            if (!only)
                kq_settle(knote->kq);
        }
    }
}

void file_news(struct file_id id)
{
    file_catch_up(id);
    tell_lists(id, NULL);
}

void number_news(struct kq *kq, int fd, struct file_id except)
{
    const int filters[] = {EVFILT_READ, flavour.except_filter, EVFILT_WRITE};
    for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++) {
        const struct knote *knote = knote_find(kq, (uintptr_t)fd, filters[i]);
        if (!knote)
            continue;
        if (!file_same(knote->seen.id, except))
            tell_lists(knote->seen.id, kq);
        return;
    }
    own_news(kq, fd);
}

/* --- one change --- */

bool knote_is_true_now(struct knote *knote)
{
    if (!kind_is_descriptor(knote->kind))
        return filter_true(knote, NULL);
    struct look now;
    if (!glance(knote, &now))
        return false;
    knote->seen = now;
    bool ready = filter_true(knote, &now);
    knote->unhooked = ready && flavour.device_unhooks && now.kind == FILE_DEVICE && !now.pty;
    return ready;
}

static int attach_descriptor(struct knote *knote)
{
    struct look now;
    int fd = (int)knote->ident;
    file_prepare(fd);
    if (!file_look(fd, &now))
        return EBADF;
    int error = filter_attach(knote, &now);
    if (error != 0)
        return error;
    error = others_watch(knote) ? 0 : kq_watch(knote->kq, fd);
    if (error == EPERM) /* files, and devices that cannot be polled */
        error = now.kind == FILE_DEVICE ? flavour.device_unpolled_error : 0;
    if (error != 0)
        return error;
    knote->attached_listener = now.kind == FILE_LISTENER;
    knote->seen = now;
    LINK_INSERT(file_bucket(now.id), knote, by_file);
    if (watches_pipe_writer(knote))
        knote->kq->pipe_writers++;
    return 0;
}

static int attach_user(struct knote *knote, struct kevent *change)
{
    int others = 0;
    if (flavour.user_limit < INT_MAX) {
        for (struct kq *kq = kq_each(NULL); kq; kq = kq_each(kq))
            for (const struct knote *other = kq->list; other; other = other->by_kq.next)
                others += other->kind == KIND_USER || other->kind == KIND_TIMER;
    }
    if (others > flavour.user_limit)
        return ENOMEM;
    filter_user_change(knote, change, true);
    return 0;
}

static int attach(struct knote *knote, struct kevent *change)
{
    switch (knote->kind) {
    case KIND_USER:
        return attach_user(knote, change);
    case KIND_VNODE:
        return vnode_attach(knote);
    case KIND_PROCESS:
        return process_attach(knote);
    case KIND_TIMER:
        return timer_attach(knote, change);
    default:
        return attach_descriptor(knote);
    }
}

static int add(struct kq *kq, struct kevent *change, enum kind kind)
{
    if (kind == KIND_AIO || kind == KIND_LIO)
        return flavour.aio_add_error;
    if ((int)change->filter == flavour.retired_filter)
        return ENOTSUP;
    if (kind == KIND_UNMODELLED)
        model_abort("filter %d is not modelled", (int)change->filter);
    struct knote *knote = knote_new(kq, change, kind);
    int error = attach(knote, change);
    if (error != 0) {
        knote_drop(knote);
        return error;
    }
    if (knote_is_true_now(knote))
        knote_activate(knote);
    return 0;
}

static bool touches(enum touch rule, unsigned flags, bool was_disabled)
{
    bool enables = rule == TOUCH_ADD_OR_ENABLING && (flags & EV_ENABLE) && was_disabled;
    return rule == TOUCH_ALWAYS || (flags & EV_ADD) || enables;
}

static void touch(struct knote *knote, struct kevent *change)
{
    bool user = knote->kind == KIND_USER;
    bool was_disabled = knote->disabled;
    if (user) {
        filter_user_change(knote, change, false);
        if (!flavour.user_keeps_first_udata)
            knote->udata = change->udata;
    } else if (touches(flavour.touch_replaces, change->flags, was_disabled)) {
        knote->udata = change->udata;
        knote->asked_fflags = (unsigned)change->fflags;
        knote->asked_data = change->data;
    }
    if (disables(change)) {
        knote->disabled = true;
        if (flavour.disable_dequeues)
            knote_dequeue(knote);
    }
    if (change->flags & EV_ENABLE)
        knote->disabled = false;
    /* Flags stay as the first EV_ADD gave them (K6), and EV_ADD does not enable. */
    if (!user && !touches(flavour.touch_reruns, change->flags, was_disabled))
        return;
    if (knote_is_true_now(knote))
        knote_activate(knote);
}

/* Contradictions are settled in the change itself, where a receipt shows it. */
static int settle_contradictions(struct kevent *change)
{
    const unsigned toggle = EV_ENABLE | EV_DISABLE;
    if ((change->flags & toggle) == toggle) {
        if (flavour.enable_and_disable == CONFLICT_REFUSED)
            return EINVAL;
        if (flavour.enable_and_disable == CONFLICT_SECOND)
            change->flags &= (__typeof__(change->flags))~EV_ENABLE;
    }
    const unsigned both = EV_ADD | EV_DELETE;
    if ((change->flags & both) == both && flavour.add_and_delete == CONFLICT_SECOND)
        change->flags &= (__typeof__(change->flags))~EV_ADD;
    return 0;
}

static bool deletes(const struct kevent *change)
{
    bool adds = (change->flags & EV_ADD) != 0;
    return (change->flags & EV_DELETE) && (!adds || flavour.add_and_delete == CONFLICT_TOGGLES);
}

static uintptr_t descriptor_limit(void)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : INT_MAX;
}

/* The knote that the change names. One whose number was closed behind the wrapped calls is dropped
 * here. */
static int find(struct kq *kq, const struct kevent *change, enum kind kind, struct knote **found)
{
    bool adds = (change->flags & EV_ADD) != 0;
    struct file_id id;
    struct knote *knote = knote_find(kq, change->ident, (int)change->filter);
    *found = knote;
    if (!kind_is_descriptor(kind) && kind != KIND_VNODE)
        return 0;
    bool open = change->ident <= INT_MAX && file_identify((int)change->ident, &id);
    if (knote && (!open || !file_same(knote->seen.id, id))) {
        knote_drop(knote);
        *found = NULL;
    }
    if (!open)
        return adds ? EBADF : flavour.closed_without_add;
    return adds && change->ident >= descriptor_limit() ? flavour.lowered_limit_error : 0;
}

int change_apply(struct kq *kq, struct kevent *change)
{
    enum kind kind = knote_kind((int)change->filter);
    struct knote *knote;
    if (change->flags & flavour.unmodelled_flags)
        model_abort("flags 0x%x are not modelled", (unsigned)change->flags);
    int error = change->flags & flavour.refused_flags ? EINVAL : settle_contradictions(change);
    if (error == 0 && kind == KIND_UNKNOWN)
        error = EINVAL;
    if (error == 0 && (change->flags & EV_ADD))
        error = fault_of_change((int)change->filter);
    if (error == 0)
        error = find(kq, change, kind, &knote);
    if (error != 0)
        return error;
    if (!knote && !(change->flags & EV_ADD))
        return ENOENT;
    if (knote && deletes(change)) {
        knote_drop(knote);
        return 0;
    }
    if (!knote) {
        error = add(kq, change, kind);
        if (flavour.receipt_clears_new)
            change->fflags = 0;
        return error;
    }
    error = kind == KIND_TIMER ? timer_touch(knote, change) : 0;
    if (error != 0)
        return error;
    touch(knote, change);
    if (kind == KIND_USER && flavour.receipt_masks_user)
        change->fflags &= NOTE_FFLAGSMASK;
    return 0;
}
