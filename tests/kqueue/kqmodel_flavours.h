/* SPDX-License-Identifier: MIT */
/*
 * The flavour that this build models: struct flavour, one member a row of kqmodel_differences.h.
 *
 * No other file of the model asks which system it is; they read `flavour`.
 */
#ifndef KQMODEL_FLAVOURS_H
#define KQMODEL_FLAVOURS_H

#include <stdbool.h>
#include <stdint.h>

/* Outside of every system's numbers. */
#define NO_FILTER 0x7fff

enum conflict { CONFLICT_REFUSED, CONFLICT_FIRST, CONFLICT_SECOND, CONFLICT_TOGGLES };
enum touch { TOUCH_ALWAYS, TOUCH_ADD, TOUCH_ADD_OR_ENABLING };
enum short_list { SHORT_STOPS, SHORT_OVERRUNS, SHORT_DROPS };
enum negative { NEGATIVE_HANGS, NEGATIVE_UNBOUNDED, NEGATIVE_IS_ZERO };
/* What a timer of no proper time does: EINVAL, ERANGE, at every tick, at once and once, as if for
 * one unit, never. */
enum timer_odd {
    TIMER_UNKNOWN,
    TIMER_REFUSED,
    TIMER_OUT_OF_RANGE,
    TIMER_TICKS,
    TIMER_ONCE,
    TIMER_ONE,
    TIMER_LONG
};
enum timer_refusal { REFUSAL_UNMODELLED, REFUSAL_STOPS, REFUSAL_KEEPS };
enum timeout_check { TIMEOUT_FIRST, TIMEOUT_AFTER, TIMEOUT_NEVER };
enum user_add { USER_RAW, USER_MASKED, USER_CONTROLLED };
enum late_listen { LATE_WORKS, LATE_SILENT, LATE_NO_COUNT };
/* A number of one's own, 0 and 0 for all, or the number of the file that was closed last. */
enum identity { IDENTITY_OWN, IDENTITY_VOID, IDENTITY_RECYCLED };
enum growth { GROWTH_NEVER, GROWTH_EMPTY, GROWTH_CROWDED };
enum failed_write { FAILED_IS_SILENT, FAILED_POSTS_WITH_ROOM, FAILED_POSTS };

struct flavour {
#define ROW(type, name, freebsd, netbsd, openbsd, dragonfly, macos) type name;
#include "kqmodel_differences.h"
#undef ROW
};

extern const struct flavour flavour;

#endif
