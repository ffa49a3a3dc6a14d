/* SPDX-License-Identifier: MIT */
/* What differs between the systems' posix_spawn(3). */
#ifndef MIO_SRC_SOURCE_SPAWN_SYSTEM_H
#define MIO_SRC_SOURCE_SPAWN_SYSTEM_H

#include <mio/platform.h>

#include <spawn.h>

/* Whether a program can be started in another directory. */
enum {
    MIO_SPAWN_HAS_DIRECTORY = MIO_PLATFORM != MIO_PLATFORM_OPENBSD &&
                              MIO_PLATFORM != MIO_PLATFORM_DRAGONFLY &&
                              MIO_PLATFORM != MIO_PLATFORM_OTHER
};

/* An errno value, or 0. */
int mio__spawn_add_directory(posix_spawn_file_actions_t *actions, const char *directory);

char **mio__spawn_environment(void);

#endif
