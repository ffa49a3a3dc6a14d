/* SPDX-License-Identifier: MIT */
#include "slab.h"

#include "../os/memory.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

enum { SMALLEST_ROOM = 16, TOKEN_BITS = sizeof(mio_token) * 8 };

/* The place of no slot: a slab has at most UINT32_MAX slots, 0 to UINT32_MAX - 1. */
#define NONE UINT32_MAX

struct slot {
    void *object;        /* NULL: the slot is free */
    uint32_t generation; /* of the object, or of the next one to come; never 0 */
    uint32_t next;       /* free slots: the one freed after this, or NONE */
};

struct mio_slab {
    struct mio_allocator allocator;
    unsigned index_bits;
    uint32_t last_generation; /* after which comes 1 */
    uint32_t most;            /* slots that the index can tell apart, without NONE */

    struct slot *slots; /* `room` of them; NULL when that is 0 */
    uint32_t room;
    uint32_t len;        /* slots with an object */
    uint32_t first_free; /* the slot that has been free for longest, or NONE */
    uint32_t last_free;  /* the end of the same list; meaningless when it is empty */
};

static void append_free(struct mio_slab *slab, uint32_t index)
{
    slab->slots[index].next = NONE;
    if (slab->first_free == NONE)
        slab->first_free = index;
    else
        slab->slots[slab->last_free].next = index;
    slab->last_free = index;
}

static int grow_slots(struct mio_slab *slab, uint32_t room)
{
    struct slot *slots = mio__allocate(&slab->allocator, room * sizeof *slots);
    if (!slots)
        return -ENOMEM;
    if (slab->slots)
        memcpy(slots, slab->slots, slab->room * sizeof *slots);
    mio__release(&slab->allocator, slab->slots, slab->room * sizeof *slots);
    slab->slots = slots;
    for (uint32_t i = slab->room; i < room; i++) {
        slots[i].generation = 1;
        append_free(slab, i);
    }
    slab->room = room;
    return 0;
}

static int reserve(struct mio_slab *slab)
{
    if (slab->room >= slab->most)
        return -ENOSPC;
    uint32_t room = slab->room < SMALLEST_ROOM / 2 ? SMALLEST_ROOM / 2 : slab->room;
    return grow_slots(slab, room < slab->most / 2 ? 2 * room : slab->most);
}

static mio_token token_of(const struct mio_slab *slab, uint32_t index)
{
    return (mio_token)slab->slots[index].generation << slab->index_bits | index;
}

/* The slot whose object has this token, or NULL. */
static struct slot *find(const struct mio_slab *slab, mio_token token)
{
    if (!slab)
        return NULL;
    mio_token index = token & slab->most; /* which is all ones */
    if (index >= slab->room)
        return NULL;
    struct slot *slot = &slab->slots[index];
    bool is_it = slot->object && slot->generation == token >> slab->index_bits;
    return is_it ? slot : NULL;
}

/* --- the interface --- */

int mio__slab_new_with_bits(unsigned index_bits, unsigned generation_bits, size_t capacity,
                            const struct mio_allocator *allocator, struct mio_slab **slab)
{
    uint32_t most = UINT32_MAX >> (32 - index_bits);
    if (!slab || capacity > most || index_bits + generation_bits > TOKEN_BITS ||
        !mio__allocator_is_valid(allocator))
        return -EINVAL;
    if (!allocator)
        allocator = &mio__default_allocator;
    struct mio_slab *made = mio__allocate(allocator, sizeof *made);
    if (!made)
        return -ENOMEM;
    made->allocator = *allocator;
    made->index_bits = index_bits;
    made->last_generation = UINT32_MAX >> (32 - generation_bits);
    made->most = most;
    made->first_free = NONE;
    int error = capacity > 0 ? grow_slots(made, (uint32_t)capacity) : 0;
    if (error < 0) {
        mio_slab_free(made);
        return error;
    }
    *slab = made;
    return 0;
}

int mio_slab_new(size_t capacity, const struct mio_allocator *allocator, struct mio_slab **slab)
{
    return mio__slab_new_with_bits(MIO_SLAB_INDEX_BITS, TOKEN_BITS - MIO_SLAB_INDEX_BITS, capacity,
                                   allocator, slab);
}

void mio_slab_free(struct mio_slab *slab)
{
    if (!slab)
        return;
    struct mio_allocator allocator = slab->allocator;
    mio__release(&allocator, slab->slots, slab->room * sizeof *slab->slots);
    mio__release(&allocator, slab, sizeof *slab);
}

int mio_slab_insert(struct mio_slab *slab, void *object, mio_token *token)
{
    if (!slab || !object || !token)
        return -EINVAL;
    int error = slab->first_free == NONE ? reserve(slab) : 0;
    if (error < 0)
        return error;
    uint32_t index = slab->first_free;
    slab->first_free = slab->slots[index].next;
    slab->slots[index].object = object;
    slab->len++;
    *token = token_of(slab, index);
    return 0;
}

void *mio_slab_get(const struct mio_slab *slab, mio_token token)
{
    const struct slot *slot = find(slab, token);
    return slot ? slot->object : NULL;
}

void *mio_slab_remove(struct mio_slab *slab, mio_token token)
{
    struct slot *slot = find(slab, token);
    if (!slot)
        return NULL;
    void *object = slot->object;
    slot->object = NULL;
    slot->generation = slot->generation == slab->last_generation ? 1 : slot->generation + 1;
    slab->len--;
    append_free(slab, (uint32_t)(slot - slab->slots));
    return object;
}

size_t mio_slab_len(const struct mio_slab *slab)
{
    return slab ? slab->len : 0;
}

void *mio_slab_next(const struct mio_slab *slab, size_t *place, mio_token *token)
{
    if (!slab || !place)
        return NULL;
    while (*place < slab->room) {
        uint32_t index = (uint32_t)(*place)++;
        if (!slab->slots[index].object)
            continue;
        if (token)
            *token = token_of(slab, index);
        return slab->slots[index].object;
    }
    return NULL;
}
