/* SPDX-License-Identifier: MIT */
/*
 * Stands in for the system's <sys/port.h>, with the layout and the numbers of illumos. What the
 * model does not serve has no name here: sources of files, timers, aio and message queues.
 */
#ifndef PORTMODEL_SYS_PORT_H
#define PORTMODEL_SYS_PORT_H

#include <stdint.h>

#define PORT_SOURCE_USER  3
#define PORT_SOURCE_FD    4
#define PORT_SOURCE_ALERT 5

#define PORT_ALERT_SET     0x01
#define PORT_ALERT_UPDATE  0x02
#define PORT_ALERT_INVALID (PORT_ALERT_SET | PORT_ALERT_UPDATE)

typedef struct port_event {
    int portev_events;            /* of a descriptor: bits of poll(2) */
    unsigned short portev_source; /* PORT_SOURCE_... */
    unsigned short portev_pad;
    uintptr_t portev_object; /* of a descriptor: its number */
    void *portev_user;       /* as it was given */
} port_event_t;

#endif
