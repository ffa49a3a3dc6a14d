/* SPDX-License-Identifier: MIT */
/* The version of the headers, and that of the library. */
#ifndef MIO_VERSION_H
#define MIO_VERSION_H

#include <mio/platform.h>

#define MIO_VERSION_MAJOR 0
#define MIO_VERSION_MINOR 1
#define MIO_VERSION_PATCH 0

/* One number that grows with every release: 1.2.3 is 10203. */
#define MIO_VERSION (MIO_VERSION_MAJOR * 10000 + MIO_VERSION_MINOR * 100 + MIO_VERSION_PATCH)

#define MIO_VERSION_STRING "0.1.0"

MIO_BEGIN_DECLS

/* MIO_VERSION of the library that the program runs with, which may be another than that of the
 * headers. Returns the number, and cannot fail. */
MIO_API int mio_version(void);

/* The same as text, "0.1.0", which stays for as long as the program runs. */
MIO_API const char *mio_version_string(void);

MIO_END_DECLS

#endif
