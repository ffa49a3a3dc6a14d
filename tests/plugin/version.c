/* SPDX-License-Identifier: MIT */
/* Which libmio a plugin was compiled with, and which one it calls. */
#include <mio.h>

int compiled_version(void);
int called_version(void);

__attribute__((visibility("default"))) int compiled_version(void)
{
    return MIO_VERSION;
}

__attribute__((visibility("default"))) int called_version(void)
{
    return mio_version();
}
