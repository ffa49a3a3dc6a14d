/* SPDX-License-Identifier: MIT */
/*
 * Fills `flavour` from the column of kqmodel_differences.h that the build chose.
 *
 * The cells of the other columns are dropped by the preprocessor before they are looked at, so a
 * row may name constants that only one system's <sys/event.h> has.
 */
#define _GNU_SOURCE

#include "kqmodel_flavours.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>

#include <sys/event.h>

#if defined KQMODEL_FREEBSD
#define COLUMN(freebsd, netbsd, openbsd, dragonfly, macos) freebsd
#elif defined KQMODEL_NETBSD
#define COLUMN(freebsd, netbsd, openbsd, dragonfly, macos) netbsd
#elif defined KQMODEL_OPENBSD
#define COLUMN(freebsd, netbsd, openbsd, dragonfly, macos) openbsd
#elif defined KQMODEL_DRAGONFLY
#define COLUMN(freebsd, netbsd, openbsd, dragonfly, macos) dragonfly
#else
#define COLUMN(freebsd, netbsd, openbsd, dragonfly, macos) macos
#endif

const struct flavour flavour = {
#define ROW(type, name, freebsd, netbsd, openbsd, dragonfly, macos) \
    .name = COLUMN(freebsd, netbsd, openbsd, dragonfly, macos),
#include "kqmodel_differences.h"
#undef ROW
};
