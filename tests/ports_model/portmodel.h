/* SPDX-License-Identifier: MIT */
/* What a test may order from the model of event ports beyond port.h itself. */
#ifndef PORTMODEL_H
#define PORTMODEL_H

#include <stdbool.h>

enum portmodel_call {
    PORTMODEL_CREATE,
    PORTMODEL_ASSOCIATE,
    PORTMODEL_DISSOCIATE,
    PORTMODEL_GET, /* port_getn() too */
    PORTMODEL_SEND,
    PORTMODEL_CALLS
};

/* Back to the state of program start: faults, counters, switches. Open ports stay. */
void portmodel_reset(void);

/* The n-th such call from now on (1 is the next) fails with `error`, once, with nothing done. */
void portmodel_fail(enum portmodel_call call, unsigned n, int error);

/* How many such calls there were. */
unsigned portmodel_count(enum portmodel_call call);

/* process.max-port-events of the ports that are made from now on; 0: the system's default. */
void portmodel_set_max_events(unsigned max);

/*
 * A port_getn() that only looks and finds too few events: the kernel of illumos returns 0 with
 * those there are, the manual says -1 with ETIME, which is what `true` gives.
 */
void portmodel_set_look_ends_in_etime(bool etime);

#endif
