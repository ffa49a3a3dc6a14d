/* SPDX-License-Identifier: MIT */
#include <mio/version.h>

int mio_version(void)
{
    return MIO_VERSION;
}

const char *mio_version_string(void)
{
    return MIO_VERSION_STRING;
}
