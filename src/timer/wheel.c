/* SPDX-License-Identifier: MIT */
#include "wheel.h"

#include "../os/assert.h"

/* How many timers of a slot are looked through for the earliest; more are a crowd. */
enum { CROWD = 32 };

static const uint64_t grain = UINT64_C(1) << MIO_WHEEL_GRAIN_BITS;

/* --- bits --- */

#if defined(__GNUC__)

/* Of a number that is not 0. */
static inline unsigned lowest_bit(uint64_t bits)
{
    return (unsigned)__builtin_ctzll(bits);
}

static inline unsigned highest_bit(uint64_t bits)
{
    return 63u - (unsigned)__builtin_clzll(bits);
}

#else

static inline unsigned highest_bit(uint64_t bits)
{
    unsigned found = 0;
    while (bits >>= 1)
        found++;
    return found;
}

static inline unsigned lowest_bit(uint64_t bits)
{
    return highest_bit(bits & (~bits + 1));
}

#endif

/* --- slack --- */

int64_t mio__expiry_of(int64_t deadline, int64_t slack)
{
    if (slack == 0 || deadline <= 0)
        return deadline;
    uint64_t last = deadline > INT64_MAX - slack ? INT64_MAX : (uint64_t)(deadline + slack);
    uint64_t differs = ((uint64_t)deadline - 1) ^ last;
    return (int64_t)(last & ~((UINT64_C(1) << highest_bit(differs)) - 1));
}

/* --- slots --- */

static unsigned shift_of(unsigned level)
{
    return MIO_WHEEL_GRAIN_BITS + MIO_WHEEL_DIGIT_BITS * level;
}

/* The first moment of a slot to come. */
static uint64_t slot_start(const struct mio__wheel *wheel, unsigned level, unsigned slot)
{
    uint64_t of_slot = UINT64_C(1) << shift_of(level);
    uint64_t above = ~(of_slot * MIO_WHEEL_SLOTS - 1); /* 0 on the highest level */
    return (wheel->base & above) | slot * of_slot;
}

static void put_into_slot(struct mio__wheel *wheel, struct mio_timer *timer)
{
    uint64_t moment = (uint64_t)timer->expiry;
    unsigned differs = highest_bit(moment ^ wheel->base);
    unsigned level = (differs - MIO_WHEEL_GRAIN_BITS) / MIO_WHEEL_DIGIT_BITS;
    unsigned slot = (unsigned)(moment >> shift_of(level)) % MIO_WHEEL_SLOTS;
    mio__wheel_push(wheel, level * MIO_WHEEL_SLOTS + slot, timer);
    wheel->levels |= 1u << level;
    wheel->used[level] |= UINT64_C(1) << slot;
}

void mio__wheel_note_empty(struct mio__wheel *wheel, unsigned list)
{
    unsigned level = list / MIO_WHEEL_SLOTS;
    wheel->used[level] &= ~(UINT64_C(1) << list % MIO_WHEEL_SLOTS);
    if (wheel->used[level] == 0)
        wheel->levels &= ~(1u << level);
}

void mio__wheel_take_from_heap(struct mio__wheel *wheel, struct mio_timer *timer)
{
    wheel->near = mio__heap_remove(wheel->near, timer);
}

static void place_timer(struct mio__wheel *wheel, struct mio_timer *timer)
{
    if (timer->expiry >= 0 && (uint64_t)timer->expiry >= wheel->base + grain) {
        put_into_slot(wheel, timer);
        return;
    }
    timer->position = MIO_TIMER_IN_HEAP;
    wheel->near = mio__heap_add(wheel->near, timer);
}

/* The first slot that has timers. There is one. */
struct wheel_slot {
    unsigned level;
    unsigned slot;
};

static struct wheel_slot first_slot(const struct mio__wheel *wheel)
{
    unsigned level = lowest_bit(wheel->levels);
    return (struct wheel_slot){level, lowest_bit(wheel->used[level])};
}

/* `base` comes to the slot. */
static void open_slot(struct mio__wheel *wheel, struct wheel_slot where)
{
    unsigned index = where.level * MIO_WHEEL_SLOTS + where.slot;
    struct mio_timer *timer = wheel->lists[index];
    wheel->base = slot_start(wheel, where.level, where.slot);
    wheel->first = NULL;
    wheel->lists[index] = NULL;
    mio__wheel_note_empty(wheel, index);
    while (timer) {
        struct mio_timer *next = timer->next;
        MIO_ASSERT(timer->expiry >= 0 && (uint64_t)timer->expiry >= wheel->base);
        place_timer(wheel, timer);
        timer = next;
    }
}

/* The earliest timer of a slot; NULL: there is a crowd. */
static struct mio_timer *earliest_of(const struct mio__wheel *wheel, struct wheel_slot where)
{
    struct mio_timer *found = wheel->lists[where.level * MIO_WHEEL_SLOTS + where.slot];
    int seen = 0;
    for (struct mio_timer *timer = found; timer; timer = timer->next) {
        if (seen++ == CROWD)
            return NULL;
        if (mio__timer_is_earlier(timer, found))
            found = timer;
    }
    return found;
}

/* --- the whole --- */

void mio__wheel_settle(struct mio__wheel *wheel)
{
    struct mio_timer *timer = wheel->lists[MIO_WHEEL_NEW];
    wheel->lists[MIO_WHEEL_NEW] = NULL;
    while (timer) {
        struct mio_timer *next = timer->next;
        bool is_only = wheel->levels == 0;
        place_timer(wheel, timer);
        bool in_slot = timer->position != MIO_TIMER_IN_HEAP;
        if (in_slot && (is_only || (wheel->first && mio__timer_is_earlier(timer, wheel->first))))
            wheel->first = timer;
        timer = next;
    }
}

void mio__wheel_advance(struct mio__wheel *wheel, int64_t now)
{
    while (wheel->levels != 0) {
        struct wheel_slot where = first_slot(wheel);
        if (slot_start(wheel, where.level, where.slot) > (uint64_t)now)
            break;
        open_slot(wheel, where);
    }
    /* Every slot that has timers begins after the grain of `now`: none of them is left behind. */
    uint64_t passed = (uint64_t)now & ~(grain - 1);
    if (passed > wheel->base)
        wheel->base = passed;
    mio__wheel_settle(wheel);
}

struct mio_timer *mio__wheel_first(struct mio__wheel *wheel)
{
    mio__wheel_settle(wheel);
    while (!wheel->near && !wheel->first && wheel->levels != 0) {
        struct wheel_slot where = first_slot(wheel);
        wheel->first = earliest_of(wheel, where);
        if (!wheel->first)
            open_slot(wheel, where);
    }
    return wheel->near ? wheel->near : wheel->first;
}
