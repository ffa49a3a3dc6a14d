/* SPDX-License-Identifier: MIT */
/*
 * Event ports, in user space for Linux: the calls of port.h as the manual pages and the kernel of
 * illumos have them. Where the two differ the kernel wins. What is not served ends the program.
 */
#define _GNU_SOURCE

#include "portmodel_inner.h"

#include <errno.h>
#include <limits.h>
#include <unistd.h>

static int finish(const sigset_t *mask, int saved, int error)
{
    model_unlock(mask);
    errno = error != 0 ? error : saved;
    return error != 0 ? -1 : 0;
}

/* EBADF for a number that is closed, EBADFD for one that is no port, else 0. */
static int find(int fd, struct handle **handle)
{
    *handle = handle_of(fd);
    if (*handle)
        return (*handle)->is_closing ? EBADF : 0;
    return fd_is_open(fd) ? EBADFD : EBADF;
}

int port_create(void)
{
    sigset_t mask;
    int saved = errno;
    model_lock(&mask);
    int error = order_of(PORTMODEL_CREATE);
    int fd = -1;
    if (error == 0) {
        fd = handle_create();
        error = fd < 0 ? errno : 0;
    }
    finish(&mask, saved, error);
    return fd;
}

int port_associate(int port, int source, uintptr_t object, int events, void *user)
{
    sigset_t mask;
    int saved = errno;
    struct handle *handle;
    model_lock(&mask);
    int error = order_of(PORTMODEL_ASSOCIATE);
    if (error == 0)
        error = find(port, &handle);
    if (error == 0 && source != PORT_SOURCE_FD)
        error = EINVAL;
    if (error == 0)
        error = object > INT_MAX ? EBADFD : association_make(handle, (int)object, events, user);
    return finish(&mask, saved, error);
}

int port_dissociate(int port, int source, uintptr_t object)
{
    sigset_t mask;
    int saved = errno;
    struct handle *handle;
    model_lock(&mask);
    int error = order_of(PORTMODEL_DISSOCIATE);
    if (error == 0)
        error = find(port, &handle);
    if (error == 0 && source != PORT_SOURCE_FD)
        error = EINVAL;
    if (error == 0) {
        associations_look_all();
        error = object > INT_MAX ? EBADFD : association_end(handle, (int)object);
    }
    return finish(&mask, saved, error);
}

/* --- sending --- */

static int send_one(int port, int events, void *user)
{
    struct handle *handle;
    int error = find(port, &handle);
    if (error == 0)
        error = queue_send(handle->port, events, user);
    if (error == 0)
        handle_settle_bell(handle);
    return error;
}

int port_send(int port, int events, void *user)
{
    sigset_t mask;
    int saved = errno;
    model_lock(&mask);
    int error = order_of(PORTMODEL_SEND);
    if (error == 0)
        error = send_one(port, events, user);
    return finish(&mask, saved, error);
}

int port_sendn(int ports[], int errors[], unsigned count, int events, void *user)
{
    sigset_t mask;
    int saved = errno;
    unsigned sent = 0;
    if (count == 0) {
        errno = EINVAL;
        return -1;
    }
    model_lock(&mask);
    int error = order_of(PORTMODEL_SEND);
    for (unsigned i = 0; error == 0 && i < count; i++) {
        errors[i] = send_one(ports[i], events, user);
        sent += errors[i] == 0;
    }
    return finish(&mask, saved, error) < 0 ? -1 : (int)sent;
}

static int alert(struct port *port, int flags, int events, void *user)
{
    if ((flags & PORT_ALERT_INVALID) == PORT_ALERT_INVALID)
        return EINVAL;
    if (flags == PORT_ALERT_UPDATE && port->is_alert)
        return EBUSY;
    port->is_alert = true;
    port->alerts++;
    port->alert_events = events;
    port->alert_user = user;
    port->alert_owner = getpid();
    return 0;
}

int port_alert(int port, int flags, int events, void *user)
{
    sigset_t mask;
    int saved = errno;
    struct handle *handle;
    model_lock(&mask);
    int error = find(port, &handle);
    if (error == 0 && events == 0)
        handle->port->is_alert = false;
    else if (error == 0)
        error = alert(handle->port, flags, events, user);
    if (error == 0)
        handle_settle_bell(handle);
    return finish(&mask, saved, error);
}

/* --- fetching --- */

struct fetch {
    port_event_t *list;
    unsigned max;
    unsigned wanted;
    unsigned got;
    const struct timespec *timeout;
    bool is_single; /* port_get(): nothing is taken when the time is up */
};

static void take_alert(const struct port *port, struct fetch *fetch)
{
    *fetch->list = (port_event_t){.portev_events = port->alert_events,
                                  .portev_source = PORT_SOURCE_ALERT,
                                  .portev_user = port->alert_user};
    fetch->got = 1;
}

/* When the time is up: -1 for never, 0 for a mere look. An errno value in `error`. */
static int64_t time_limit(const struct timespec *timeout, int *error)
{
    *error = 0;
    if (!timeout)
        return -1;
    if (timeout->tv_sec == 0 && timeout->tv_nsec == 0)
        return 0;
    if (timeout->tv_sec < 0 || timeout->tv_nsec < 0 || timeout->tv_nsec >= NS_PER_S) {
        *error = EINVAL;
        return 0;
    }
    int64_t now = model_now();
    if (timeout->tv_sec >= (INT64_MAX - now) / NS_PER_S - 1)
        return -1;
    return now + (int64_t)timeout->tv_sec * NS_PER_S + timeout->tv_nsec;
}

/* Sleeps until there are enough events. An errno value; the alert is taken here. */
static int await(struct handle *handle, struct fetch *fetch, int64_t until, const sigset_t *mask)
{
    unsigned alerts = handle->port->alerts;
    for (;;) {
        unsigned available = queue_available(handle->port);
        if (handle->port->alerts != alerts) {
            take_alert(handle->port, fetch);
            return 0;
        }
        if (handle->is_closing)
            return EBADFD;
        if (available >= fetch->wanted)
            return 0;
        if (until >= 0 && model_now() >= until)
            return ETIME;
        if (!handle_sleep(handle, handle->port->queued > 0, until, mask))
            return EINTR;
        if (!handle->is_closing)
            associations_look(handle);
    }
}

static int fetch_events(struct handle *handle, struct fetch *fetch, const sigset_t *mask)
{
    int error = 0;
    if (handle->port->is_alert) {
        take_alert(handle->port, fetch);
        return 0;
    }
    if (queue_available(handle->port) < fetch->wanted) {
        int64_t until = time_limit(fetch->timeout, &error);
        if (error != 0)
            return error;
        if (until != 0)
            error = await(handle, fetch, until, mask);
        else if (look_ends_in_etime() || fetch->is_single)
            error = ETIME;
    }
    if (fetch->got > 0 || (error != 0 && error != ETIME) || (error == ETIME && fetch->is_single))
        return error;
    fetch->got = queue_take(handle->port, fetch->list, fetch->max);
    handle_settle_bell(handle);
    return error;
}

/* `errno` after the call, and whether `got` is to be handed on. */
static int fetch_with_lock(int port, struct fetch *fetch, const sigset_t *mask)
{
    struct handle *handle;
    int error = order_of(PORTMODEL_GET);
    if (error == 0)
        error = find(port, &handle);
    if (error == 0 && fetch->wanted > fetch->max && fetch->max > 0)
        error = EINVAL;
    if (error != 0)
        return error;
    associations_look(handle);
    if (fetch->max == 0) {
        fetch->got = handle->port->queued;
        return 0;
    }
    if (!fetch->list)
        return EFAULT;
    return fetch->wanted == 0 ? 0 : fetch_events(handle, fetch, mask);
}

int port_getn(int port, port_event_t list[], unsigned max, unsigned *nget, struct timespec *timeout)
{
    sigset_t mask;
    int saved = errno;
    if (!nget) {
        errno = EINVAL;
        return -1;
    }
    struct fetch fetch = {.list = list, .max = max, .wanted = *nget, .timeout = timeout};
    model_lock(&mask);
    int error = fetch_with_lock(port, &fetch, &mask);
    if (error == 0 || error == ETIME)
        *nget = fetch.got;
    return finish(&mask, saved, error);
}

int port_get(int port, port_event_t *event, struct timespec *timeout)
{
    sigset_t mask;
    int saved = errno;
    struct fetch fetch = {.list = event, .max = 1, .wanted = 1, .timeout = timeout};
    fetch.is_single = true;
    model_lock(&mask);
    int error = fetch_with_lock(port, &fetch, &mask);
    return finish(&mask, saved, error);
}
