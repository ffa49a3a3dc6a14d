/* SPDX-License-Identifier: MIT */
/* Stands in for the system's <port.h>: event ports, made in user space by tests/ports_model. */
#ifndef PORTMODEL_PORT_H
#define PORTMODEL_PORT_H

#include <time.h>

#include <sys/port.h>

int port_create(void);
int port_associate(int port, int source, uintptr_t object, int events, void *user);
int port_dissociate(int port, int source, uintptr_t object);
int port_get(int port, port_event_t *event, struct timespec *timeout);
int port_getn(int port, port_event_t list[], unsigned max, unsigned *nget,
              struct timespec *timeout);
int port_send(int port, int events, void *user);
int port_sendn(int ports[], int errors[], unsigned count, int events, void *user);
int port_alert(int port, int flags, int events, void *user);

#endif
