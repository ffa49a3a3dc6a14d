/* SPDX-License-Identifier: MIT */
#ifndef MIO_VERSION_H
#define MIO_VERSION_H

#include <mio/platform.h>

#define MIO_VERSION_MAJOR 0
#define MIO_VERSION_MINOR 1
#define MIO_VERSION_PATCH 0

/* One number that grows with every release: 10000 a major, 100 a minor version. */
#define MIO_VERSION (MIO_VERSION_MAJOR * 10000 + MIO_VERSION_MINOR * 100 + MIO_VERSION_PATCH)

#define MIO_VERSION_STRING "0.1.0"

MIO_BEGIN_DECLS

/* MIO_VERSION of the library that is linked, which may differ from that of the headers. Never
 * fails. */
MIO_API int mio_version(void);

/* The same as text, "0.1.0". Static storage. */
MIO_API const char *mio_version_string(void);

MIO_END_DECLS

#endif
