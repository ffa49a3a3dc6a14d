/* SPDX-License-Identifier: MIT */
#include "oracle.h"

#include <string.h>

enum { BOTH = MIO_READABLE | MIO_WRITABLE, MODES = MIO_LEVEL | MIO_ONESHOT };

static const struct traits all_traits[] = {
    {.name = "epoll",
     .serves = BOTH | MODES | MIO_PRIORITY | MIO_EXCLUSIVE,
     .one_record = true,
     .file_stays = true,
     .has_fd = true,
     .bell_takes_room = true,
     .has_fifos = true,
     .knows_full = true},
    {.name = "poll",
     .serves = BOTH | MODES | MIO_PRIORITY,
     .one_record = true,
     .asks_again = true,
     .remembers_closed = true,
     .has_fifos = true,
     .knows_full = true},
    {.name = "kqueue-freebsd",
     .serves = BOTH | MODES | MIO_AIO | MIO_LIO,
     .replaces_raw = true,
     .has_fd = true,
     .bell_takes_room = true,
     .knows_full = true,
     .refuses_gone = true,
     .gone_ends = true,
     .has_faults = true},
    {.name = "kqueue-netbsd",
     .serves = BOTH | MODES,
     .replaces_raw = true,
     .has_fd = true,
     .bell_takes_room = true,
     .knows_full = true,
     .refuses_gone = true,
     .guards_pipes = true,
     .has_faults = true},
    {.name = "kqueue-openbsd",
     .serves = BOTH | MODES | MIO_PRIORITY,
     .replaces_raw = true,
     .has_fd = true,
     .bell_takes_room = true,
     .knows_full = true,
     .guards_pipes = true,
     .has_faults = true},
    {.name = "kqueue-dragonfly",
     .serves = BOTH | MODES | MIO_PRIORITY,
     .replaces_raw = true,
     .has_fd = true,
     .bell_takes_room = true,
     .knows_full = true,
     .refuses_gone = true,
     .has_faults = true},
    {.name = "kqueue-macos",
     .serves = BOTH | MODES | MIO_PRIORITY,
     .replaces_raw = true,
     .has_fd = true,
     .bell_takes_room = true,
     .knows_full = true,
     .drops_priority = true,
     .has_faults = true},
};

bool traits_of(const char *selector, struct traits *traits)
{
    for (size_t i = 0; i < sizeof all_traits / sizeof all_traits[0]; i++) {
        if (strcmp(all_traits[i].name, selector) == 0) {
            *traits = all_traits[i];
            return true;
        }
    }
    return false;
}
