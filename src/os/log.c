/* SPDX-License-Identifier: MIT */
#include "log.h"

#include <errno.h>

void mio__log(const struct mio__config *config, int error, const char *what)
{
    int saved = errno;
    if (config->log)
        config->log(error, what, config->user);
    errno = saved;
}
