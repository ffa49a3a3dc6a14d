/* SPDX-License-Identifier: MIT */
/* What makes no system call: addresses and slabs. */
#define _GNU_SOURCE

#include "sweep.h"

#include <mio/slab.h>

static void values_scenario(void)
{
    struct mio_addr addr;
    char text[MIO_ADDR_TEXT];
    STEP(0, mio_addr_parse("[fe80::1%3]:80", &addr));
    STEP(14, mio_addr_format(&addr, text, sizeof text));
    struct mio_slab *slab;
    enum { OBJECTS = 40 };
    static int objects[OBJECTS];
    mio_token tokens[OBJECTS];
    MAKE(&slab, mio_slab_new(2, NULL, &slab));
    for (int i = 0; i < OBJECTS; i++) {
        MAKE_OR(&tokens[i], mio_slab_insert(slab, &objects[i], &tokens[i])) {
            HOLDS(mio_slab_len(slab) == (size_t)i);
        }
    }
    for (int i = 0; i < OBJECTS; i++)
        HOLDS(mio_slab_get(slab, tokens[i]) == &objects[i]);
    FREE(mio_slab_free(slab));
}

TEST(values)
{
    sweep("values", values_scenario, IN_PROCESS);
}
