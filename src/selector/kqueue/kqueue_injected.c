/* SPDX-License-Identifier: MIT */
/*
 * Events that the kqueue selector delivers itself, until they are due.
 *
 * FreeBSD, DragonFly and others refuse to watch the writing end of a pipe whose reader is gone
 * (K9), though that is the event that was asked for. A kqueue that is a library may give events
 * while it is given changes (K3). The next wait delivers such events, through the wake queue
 * (kqueue_deliver.c). A delivered one stays with its descriptor, which counts as registered
 * although the kernel has no knote of it.
 */
#include "../backends.h"

#if MIO_HAVE_KQUEUE

#include "kqueue.h"

#include "../../os/memory.h"

bool mio__kq_is_same_file(const struct kqueue_injected *injected)
{
    struct mio__file_id now = {0};
    int error = mio__file_id_of(injected->fd, &now);
    if (error < 0)
        return error != -EBADF;
    return mio__file_id_equals(now, injected->file);
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

void mio__kq_remove_due(struct kqueue_selector *self, struct kqueue_injected *injected)
{
    if (!injected->due_index)
        return;
    *injected->due_index = injected->due;
    if (injected->due)
        injected->due->due_index = injected->due_index;
    else
        self->kept.due_end = injected->due_index;
    injected->due_index = NULL;
}

static void release(struct kqueue_selector *self, struct kqueue_injected *injected)
{
    mio__kq_remove_due(self, injected);
    mio__release(&self->base.config.allocator, injected, sizeof *injected);
}

void mio__kq_drop_injected(struct kqueue_selector *self, struct kqueue_injected *injected)
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
        found = found || (injected->identity == IDENTITY_FILE && mio__kq_is_same_file(injected));
        *place = injected->next;
        release(self, injected);
    }
    return found;
}

void mio__kq_release_injected(struct kqueue_selector *self)
{
    struct kqueue_descriptors *kept = &self->kept;
    while (kept->due)
        mio__kq_drop_injected(self, kept->due);
    for (size_t fd = 0; fd < kept->table.capacity; fd++) {
        struct kqueue_descriptor *descriptor = mio__kq_at(self, (int)fd);
        while (descriptor->injected)
            mio__kq_drop_injected(self, descriptor->injected);
    }
}

#endif
