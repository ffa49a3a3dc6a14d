/* SPDX-License-Identifier: MIT */
/*
 * Events that the kqueue selector delivers itself.
 *
 * FreeBSD, DragonFly and others refuse to watch the writing end of a pipe whose reader is gone
 * (K9), which is the very event that was asked for; and a kqueue that is a library may hand out
 * events while it is given changes (K3). Such events are delivered by the next wait, through the
 * wake queue. Delivered ones stay with their descriptor, which counts as registered although the
 * kernel has no knote of it.
 *
 * A close tells nobody, and the number may be used again before the event is delivered: it must not
 * reach the stranger. No file tells: on several systems all pipes have the same device and inode, or
 * a new pipe has those of the last one closed, and a duplicate has them by right. A knote does, since
 * each of these kernels drops it with the number: a silent one of EVFILT_READ is added beside the
 * event, or the registration has one of its own, and is asked for.
 */
#include "../backends.h"

#if MIO_HAVE_KQUEUE

#include "kqueue.h"

#include "../../os/descriptor.h"
#include "../../os/memory.h"

#include <stddef.h>

/* --- identity --- */

static bool is_same_file(const struct kqueue_injected *injected)
{
    struct mio__file_id now;
    int error = mio__file_id_of(injected->fd, &now);
    if (error < 0)
        return error != -EBADF;
    return mio__file_id_equals(now, injected->file);
}

/* A change without an operation leaves a registration's knote as it is, with its own token. The
 * raw access may have put one in the place of ours. */
static bool has_knote(struct kqueue_selector *self, const struct kqueue_injected *injected)
{
    const struct kqueue_guard *guard = &mio__kq_find(self, injected->fd)->guard;
    bool was_ours = injected->identity == IDENTITY_GUARD;
    bool is_ours = was_ours && guard->kind == GUARD_KNOTE;
    mio_token token = was_ours ? guard->read_token : mio_event_token(&injected->record);
    struct kevent change =
        kqueue_change((uintptr_t)injected->fd, EVFILT_READ, is_ours ? EV_DISABLE : 0, 0, token);
    int error;
    (void)mio__kevent_register(self, &change, 1, &error);
    return error != ENOENT && error != EBADF;
}

/* Whether the descriptor of an injected event may still be the one it was injected for. */
static bool is_current(struct kqueue_selector *self, const struct kqueue_injected *injected)
{
    if (injected->identity == IDENTITY_NONE)
        return true;
    return injected->identity == IDENTITY_FILE ? is_same_file(injected) : has_knote(self, injected);
}

/* --- the lists --- */

static void add_due(struct kqueue_descriptors *kept, struct kqueue_injected *injected)
{
    if (!kept->due)
        kept->due_end = &kept->due;
    injected->due = NULL;
    injected->due_index = kept->due_end;
    *kept->due_end = injected;
    kept->due_end = &injected->due;
}

static void remove_due(struct kqueue_descriptors *kept, struct kqueue_injected *injected)
{
    if (!injected->due_index)
        return;
    *injected->due_index = injected->due;
    if (injected->due)
        injected->due->due_index = injected->due_index;
    else
        kept->due_end = injected->due_index;
    injected->due_index = NULL;
}

static void release(struct kqueue_selector *self, struct kqueue_injected *injected)
{
    remove_due(&self->kept, injected);
    mio__release(&self->base.config.allocator, injected, sizeof *injected);
}

/* Takes it from its descriptor, and releases it. */
static void drop(struct kqueue_selector *self, struct kqueue_injected *injected)
{
    struct kqueue_descriptor *descriptor = mio__kq_find(self, injected->fd);
    struct kqueue_injected **place = descriptor ? &descriptor->injected : NULL;
    while (place && *place != injected)
        place = &(*place)->next;
    if (place)
        *place = injected->next;
    release(self, injected);
}

static struct kqueue_injected *make(struct kqueue_selector *self, int fd,
                                    enum kqueue_identity identity, int *error)
{
    struct kqueue_injected *made = mio__allocate(&self->base.config.allocator, sizeof *made);
    if (!made) {
        *error = -ENOMEM;
        return NULL;
    }
    made->fd = identity == IDENTITY_NONE ? -1 : fd;
    made->identity = identity;
    *error = 0;
    if (identity != IDENTITY_NONE)
        *error = mio__kq_reserve(self, fd);
    if (*error == 0 && identity == IDENTITY_FILE)
        *error = mio__file_id_of(fd, &made->file);
    if (*error == 0)
        return made;
    mio__release(&self->base.config.allocator, made, sizeof *made);
    return NULL;
}

int mio__kq_inject(struct kqueue_selector *self, int fd, const struct mio_event *record,
                   enum kqueue_identity identity, bool refused)
{
    int error = mio__selector_arm(&self->base);
    if (error < 0)
        return error;
    struct kqueue_injected *made = make(self, fd, identity, &error);
    if (!made)
        return error;
    made->number = ++self->kept.injected;
    made->refused = refused;
    made->record = *record;
    /* make() has seen to its place. */
    struct kqueue_descriptor *descriptor =
        identity != IDENTITY_NONE ? mio__kq_find(self, fd) : NULL;
    if (descriptor) {
        made->next = descriptor->injected;
        descriptor->injected = made;
    }
    add_due(&self->kept, made);
    return mio__wake_queue_push(&self->base.wakes, &self->collector);
}

uint64_t mio__kq_injected(const struct kqueue_selector *self)
{
    return self->kept.injected;
}

bool mio__kq_forget_injected(struct kqueue_selector *self, int fd, uint64_t last)
{
    struct kqueue_descriptor *descriptor = mio__kq_find(self, fd);
    struct kqueue_injected **place = descriptor ? &descriptor->injected : NULL;
    bool found = false;
    while (place && *place) {
        struct kqueue_injected *injected = *place;
        if (injected->number > last) {
            place = &injected->next;
            continue;
        }
        found = found || (injected->identity == IDENTITY_FILE && is_same_file(injected));
        *place = injected->next;
        release(self, injected);
    }
    return found;
}

/* --- delivering --- */

/* Whether the event is to be handed over. */
static bool is_wanted(struct kqueue_selector *self, const struct kqueue_injected *injected)
{
    return injected->identity == IDENTITY_NONE ||
           !mio__kq_is_stale(self, injected->fd, mio_event_token(&injected->record));
}

/* Delivers the first that is due. How many records were written: 0 or 1. */
static int deliver_injected(struct kqueue_selector *self, struct mio_event *record)
{
    struct kqueue_injected *injected = self->kept.due;
    int count = 0;
    bool wanted = is_wanted(self, injected);
    if (wanted && !is_current(self, injected)) {
        drop(self, injected);
        return 0;
    }
    remove_due(&self->kept, injected);
    if (wanted) {
        *record = injected->record;
        count = 1;
        if (injected->identity != IDENTITY_NONE)
            mio__kq_oneshot_fire(self, injected->fd, mio_event_token(record));
    }
    if (!injected->refused)
        drop(self, injected);
    return count;
}

int mio__kq_collect(struct mio__wake_node *node, struct mio_event *list, int capacity, bool *more)
{
    void *base = (char *)node - offsetof(struct kqueue_selector, collector);
    struct kqueue_selector *self = base;
    int count = 0;
    mio__lock_take(&self->lock);
    while (self->kept.due && count < capacity)
        count += deliver_injected(self, list + count);
    *more = self->kept.due != NULL;
    mio__lock_give(&self->lock);
    return count;
}

void mio__kq_release_injected(struct kqueue_selector *self)
{
    struct kqueue_descriptors *kept = &self->kept;
    while (kept->due)
        drop(self, kept->due);
    for (int fd = 0; mio__kq_find(self, fd); fd++) {
        while (mio__kq_find(self, fd)->injected)
            drop(self, mio__kq_find(self, fd)->injected);
    }
}

#endif
