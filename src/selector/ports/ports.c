/* SPDX-License-Identifier: MIT */
/*
 * The selector over event ports: illumos and Solaris. It has run on the model in tests/ports_model
 * alone.
 *
 * The model. A port is a queue of events. An association binds a descriptor to it, with bits of
 * poll(2) and a cookie. What is ready at once, or else the first change that fits, queues one event
 * and ends the association (S1). Hang-ups and errors always fit. The event stays in the queue as it
 * was, though what it tells of may have passed, and more may have come (S9). Associating again
 * replaces bits and cookie, and withdraws the event in the queue (S10). A close drops association
 * and event. port_send() queues an event of the program's own, from any thread and signal handler
 * (S6). A port is a descriptor, and readable while events are queued (S16).
 *
 * Who owns what. The registrations are kept as those of the poll(2) selector are (poll2_set.h). The
 * association to be made is what poll(2) would be asked: the descriptor and its bits.
 * ports_association.h knows which associations the kernel has. The cookie is the serial number of
 * the registration, which tells the event of a registration that was replaced or ended.
 *
 * The library makes the edges, since an association that is made again while its cause lasts
 * reports again at once. It makes them as the poll(2) selector does: `armed` holds the bits whose
 * coming is news, an event takes them out, rearm() puts them back, and a condition that was told
 * and stands is muted and looked at now and then (poll2.c). As an event may be out of date, the
 * waiter asks poll(2) once for all events of a fetch what is true now, and reports that. So nothing
 * that was read before the wait is reported, and an end or an error shows with all that it brings.
 *
 * What it costs. A registration is one port_associate(). A wait is a port_getn(); if events came, a
 * poll(2) that does not sleep; and a port_associate() for each descriptor that was reported before.
 * That one is made at the beginning of the next wait, since most descriptors are drained by then,
 * and rearm() has no call of its own to make. While a thread waits, and when somebody watches the
 * port itself, everything is associated at once.
 *
 * The doorbell is port_send(). If the port has no room for an event, port_alert() ends the sleep in
 * its place (S11).
 *
 * A closed descriptor is noticed when it is associated, or when its number is registered again.
 */
#include "../backends.h"

#if MIO_HAVE_PORTS

#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* POLLRDHUP */
#endif

#include "ports_association.h"

#include "../poll2/poll2_look.h"
#include "../poll2/poll2_report.h"
#include "../poll2/poll2_set.h"
#include "../wait_once.h"

#include "../../os/clock.h"
#include "../../os/descriptor.h"
#include "../../os/memory.h"
#include "../../record/record.h"

#include <fcntl.h>
#include <port.h>

enum {
    BATCH = 64,                    /* events fetched by one call */
    LONGEST_SECONDS = 100000000,   /* a sleep; nothing depends on its length */
    RETRY_NS = 10 * MIO_NS_PER_MS, /* an association that the kernel has refused for the moment */
    RUNG = 1                       /* the events of a port_send() and a port_alert() */
};

struct ports_selector {
    struct mio_selector base;
    int port;

    mio__lock lock; /* guards what follows; never held while sleeping */
    struct poll_set set;
    struct ports_table table;
    struct poll_look look;
    bool is_waiting; /* a thread is in port_getn(), or about to be */
    bool is_watched; /* somebody may sleep on the port itself */
};

static struct ports_selector *ports_of(struct mio_selector *selector)
{
    return (struct ports_selector *)selector;
}

static int open_port(void)
{
    int saved = errno;
    int port = mio__own_fd(port_create());
    if (port < 0)
        return mio__failed(saved);
    if (fcntl(port, F_SETFD, FD_CLOEXEC) < 0)
        return mio__fd_give_up(port, mio__failed(saved));
    return port;
}

static int ports_selector_new(const struct mio__config *config, struct mio_selector **selector)
{
    struct ports_selector *made = mio__allocate(&config->allocator, sizeof *made);
    if (!made)
        return -ENOMEM;
    made->base.config = *config;
    const struct mio_allocator *allocator = &made->base.config.allocator;
    made->port = open_port();
    int error = made->port < 0 ? made->port : mio__poll2_set_open(&made->set, allocator, -1);
    if (error < 0) {
        mio__close_own(config, made->port, "closing the port");
        mio__release(&config->allocator, made, sizeof *made);
        return error;
    }
    mio__ports_table_open(&made->table, allocator, made->port);
    made->base.ops = &mio__ports_ops;
    mio__lock_init(&made->lock);
    *selector = &made->base;
    return 0;
}

/* The close ends what this process has associated: in a child nothing of its parent's. */
static void ports_selector_free(struct mio_selector *selector)
{
    struct ports_selector *self = ports_of(selector);
    struct mio__config config = selector->config;
    mio__close_own(&config, self->port, "closing the port");
    mio__poll2_set_close(&self->set);
    mio__descriptor_table_release(&self->table.by_fd);
    if (!mio__is_forked_child(&selector->fork_guard))
        mio__lock_destroy(&self->lock);
    mio__release(&config.allocator, self, sizeof *self);
}

static bool is_to_be_now(const struct ports_selector *self)
{
    return self->is_waiting || self->is_watched;
}

/* --- registering --- */

static int add(struct ports_selector *self, const struct mio__registration *wanted,
               const struct mio__poll2_file *file)
{
    int fd = wanted->fd;
    bool is_first = self->table.by_fd.capacity == 0;
    int error = mio__descriptor_table_reserve(&self->table.by_fd, fd);
    if (error < 0)
        return error;
    error = mio__poll2_set_add(&self->set, fd, wanted->token, wanted->interest, file);
    if (error < 0 && is_first)
        mio__descriptor_table_release(&self->table.by_fd);
    if (error < 0)
        return error;
    size_t place = mio__poll2_set_find(&self->set, fd);
    error = mio__ports_associate(&self->table, &self->set, place);
    if (error < 0)
        mio__poll2_set_remove(&self->set, place);
    return error;
}

static int ports_register(struct mio_selector *selector, const struct mio__registration *wanted)
{
    struct ports_selector *self = ports_of(selector);
    struct mio__poll2_file file;
    int error = mio__poll2_file_admit(wanted->fd, &file);
    if (error < 0)
        return error;
    mio__lock_take(&self->lock);
    error = add(self, wanted, &file);
    mio__lock_give(&self->lock);
    return error;
}

/* After a refusal the old registration is as it was, and associated again. */
static int replace(struct ports_selector *self, size_t place,
                   const struct mio__registration *wanted)
{
    const struct poll_entry before = self->set.entries[place];
    mio__poll2_set_replace(&self->set, place, wanted->token, wanted->interest);
    int error = mio__ports_associate(&self->table, &self->set, place);
    if (error == 0)
        return 0;
    self->set.entries[place] = before;
    (void)mio__poll2_set_settle(&self->set, place);
    (void)mio__ports_follow(&self->table, &self->set, place, is_to_be_now(self));
    return error;
}

static int ports_reregister(struct mio_selector *selector, const struct mio__registration *wanted,
                            const struct mio__registration *previous)
{
    struct ports_selector *self = ports_of(selector);
    struct mio__file_id file = {0};
    int error = mio__file_id_of(wanted->fd, &file);
    if (error < 0)
        return error;
    (void)previous;
    mio__lock_take(&self->lock);
    size_t place = mio__poll2_set_find_file(&self->set, wanted->fd, file);
    error = place == 0 ? -ENOENT : replace(self, place, wanted);
    mio__lock_give(&self->lock);
    return error;
}

static int ports_deregister(struct mio_selector *selector, mio_fd fd,
                            const struct mio__registration *previous)
{
    struct ports_selector *self = ports_of(selector);
    struct mio__file_id file = {0};
    int error = mio__file_id_of(fd, &file);
    (void)previous;
    if (error < 0 && error != -EBADF)
        return error;
    mio__lock_take(&self->lock);
    size_t place = error < 0 ? mio__poll2_set_find(&self->set, fd)
                             : mio__poll2_set_find_file(&self->set, fd, file);
    if (place != 0) {
        mio__ports_dissociate(&self->table, fd);
        mio__poll2_set_remove(&self->set, place);
    } else if (error == 0) {
        error = -ENOENT;
    }
    mio__lock_give(&self->lock);
    return error;
}

/* --- draining --- */

static int ports_rearm(struct mio_selector *selector, mio_fd fd, mio_interest interest)
{
    struct ports_selector *self = ports_of(selector);
    int error = -ENOENT;
    mio__lock_take(&self->lock);
    size_t place = mio__poll2_set_find(&self->set, fd);
    if (place != 0) {
        (void)mio__poll2_rearm(&self->look, &self->set, place, fd, interest);
        error = mio__ports_follow(&self->table, &self->set, place, is_to_be_now(self));
    }
    mio__lock_give(&self->lock);
    return error;
}

/* --- waiting --- */

/*
 * What counts of all that poll(2) says of a descriptor. What has been told and is still so is not
 * told beside the news, unless the news are a hang-up or an error. The end of the peer's sending is
 * news for reading alone.
 */
static struct mio__poll2_found what_counts(short all, short asked)
{
    struct mio__poll2_found found = {.reading = all, .writing = all};
    if ((all & MIO_POLL_CONDITIONS) != 0)
        return found;
    found.writing = (short)(all & asked);
    if ((all & asked & MIO_POLL_HALF_CLOSED) == 0)
        found.reading = found.writing;
    else
        found.reading = (short)(all & (asked | MIO_POLL_READING));
    return found;
}

/* Says what poll(2) has found of a registered descriptor. Returns the number of records written. */
static int report(struct ports_selector *self, const struct pollfd *asked, bool is_look,
                  struct mio_event *list, int room)
{
    size_t place = mio__poll2_set_find(&self->set, asked->fd);
    struct poll_entry *entry = &self->set.entries[place];
    if ((asked->revents & POLLNVAL) != 0) {
        mio__poll2_set_remove(&self->set, place);
        return 0;
    }
    struct mio__poll2_found found = {.reading = asked->revents, .writing = asked->revents};
    if (is_look)
        mio__poll2_entry_refresh(entry, &found);
    else
        found = what_counts(asked->revents, self->set.fds[place].events);
    int count = mio__poll2_report(entry, asked->fd, &found, list, room);
    (void)mio__poll2_set_settle(&self->set, place);
    (void)mio__ports_follow(&self->table, &self->set, place, false);
    if (count > 0 && entry->is_looked_at)
        mio__poll2_look_soon(&self->look);
    return count;
}

/* An alert hides the queue until it is taken back. */
static void end_alert(const struct ports_selector *self)
{
    (void)port_alert(self->port, PORT_ALERT_SET, 0, NULL);
}

/* Whose event it is: fills in what to ask poll(2). False for a registration that is no more. */
static bool has_come(struct ports_selector *self, const port_event_t *event, struct pollfd *asked)
{
    int fd = (int)event->portev_object;
    if (event->portev_source != PORT_SOURCE_FD) {
        if (event->portev_source == PORT_SOURCE_ALERT)
            end_alert(self);
        return false;
    }
    size_t place = mio__poll2_set_find(&self->set, fd);
    if (place == 0 || self->set.entries[place].serial != (uint32_t)(uintptr_t)event->portev_user)
        return false;
    mio__ports_has_ended(&self->table, fd);
    *asked = (struct pollfd){.fd = fd,
                             .events = mio__poll2_events_of(self->set.entries[place].interest)};
    asked->revents = (short)event->portev_events; /* should poll(2) fail */
    return true;
}

static void ask_all(struct pollfd *asked, int count)
{
    struct pollfd again[BATCH];
    for (int i = 0; i < count; i++)
        again[i] = asked[i];
    if (count == 0 || poll(again, (nfds_t)count, 0) < 0)
        return;
    for (int i = 0; i < count; i++)
        asked[i].revents = again[i].revents;
}

static int report_batch(struct ports_selector *self, const port_event_t *events, int fetched,
                        struct mio_event *list, int room)
{
    struct pollfd asked[BATCH];
    int ready = 0;
    int count = 0;
    for (int i = 0; i < fetched; i++)
        ready += has_come(self, &events[i], &asked[ready]);
    ask_all(asked, ready);
    for (int i = 0; i < ready; i++)
        count += report(self, &asked[i], false, list + count, room - count);
    return count;
}

/* Looks at what is muted, while there is room. */
static int look_around(struct ports_selector *self, struct mio_event *list, int room)
{
    int count = 0;
    for (size_t place = 1; place < self->set.count && count < room; place++) {
        if (!self->set.entries[place].is_looked_at)
            continue;
        int fd = self->set.fds[place].fd;
        struct pollfd asked = {.fd = fd < 0 ? ~fd : fd};
        asked.events = mio__poll2_events_of(self->set.entries[place].interest);
        if (poll(&asked, 1, 0) >= 0)
            count += report(self, &asked, true, list + count, room - count);
    }
    if (count == room)
        mio__poll2_look_soon(&self->look); /* what found no room comes with the next wait */
    return count;
}

static int at_most(int room)
{
    return room < BATCH ? room : BATCH;
}

/* One port_getn(). Returns how many events it brought, or -errno. */
static int fetch_batch(const struct ports_selector *self, port_event_t *events, int room,
                       int64_t timeout_ns)
{
    int64_t seconds = timeout_ns / MIO_NS_PER_S;
    struct timespec timeout = {.tv_sec =
                                   (time_t)(seconds < LONGEST_SECONDS ? seconds : LONGEST_SECONDS),
                               .tv_nsec = (long)(timeout_ns % MIO_NS_PER_S)};
    unsigned count = 1;
    unsigned most = (unsigned)at_most(room);
    events[0].portev_source = 0; /* for a kernel that brings none and leaves `count` alone (S2) */
    int result = port_getn(self->port, events, most, &count, timeout_ns < 0 ? NULL : &timeout);
    if (result < 0 && errno != ETIME)
        return -errno;
    return events[0].portev_source == 0 ? 0 : (int)count;
}

/* Before the sleep. Returns whether what is muted is looked at. */
static bool begin_wait(struct ports_selector *self, int64_t *timeout_ns)
{
    mio__lock_take(&self->lock);
    bool is_look = mio__poll2_look_begin(&self->look, &self->set, timeout_ns);
    bool is_complete = mio__ports_catch_up(&self->table, &self->set);
    if (!is_complete && (*timeout_ns < 0 || *timeout_ns > RETRY_NS))
        *timeout_ns = RETRY_NS;
    self->is_waiting = true;
    mio__lock_give(&self->lock);
    return is_look;
}

static int ports_select(struct mio_selector *selector, struct mio_event *list, int room,
                        int64_t timeout_ns)
{
    struct ports_selector *self = ports_of(selector);
    port_event_t events[BATCH];
    int saved = errno;
    int count = 0;
    bool is_look = begin_wait(self, &timeout_ns);
    int fetched = fetch_batch(self, events, room, timeout_ns);
    mio__lock_take(&self->lock);
    self->is_waiting = false;
    while (fetched > 0) {
        /* The doorbell and what was late have taken places that are free again. */
        bool may_be_more = fetched == at_most(room - count);
        count += report_batch(self, events, fetched, list + count, room - count);
        fetched = may_be_more && count < room ? fetch_batch(self, events, room - count, 0) : 0;
    }
    if (is_look && count < room)
        count += look_around(self, list + count, room - count);
    if (self->is_watched)
        (void)mio__ports_catch_up(
            &self->table,
            &self->set); /* only now: else the same event might come twice in one wait */
    mio__lock_give(&self->lock);
    errno = saved;
    return count > 0 || fetched == 0 ? count : fetched;
}

static int ports_wait_once(struct mio_selector *selector, struct mio_events *events,
                           int64_t timeout_ns)
{
    return mio__wait_once(selector, events, timeout_ns, ports_select, NULL);
}

/* --- waking --- */

static int ports_arm_doorbell(struct mio_selector *selector)
{
    (void)selector;
    return 0;
}

static int ports_ring(struct mio_selector *selector)
{
    const struct ports_selector *self = ports_of(selector);
    int saved = errno;
    int result = port_send(self->port, RUNG, NULL);
    if (result < 0 && errno == EAGAIN)
        result = port_alert(self->port, PORT_ALERT_SET, RUNG, NULL);
    return result < 0 ? mio__failed(saved) : 0;
}

/* It makes no records. */
static bool ports_is_doorbell(const struct mio_selector *selector, const struct mio_event *record)
{
    (void)selector;
    (void)record;
    return false;
}

static int ports_selector_fd(struct mio_selector *selector)
{
    struct ports_selector *self = ports_of(selector);
    mio__lock_take(&self->lock);
    self->is_watched = true;
    (void)mio__ports_catch_up(&self->table, &self->set);
    mio__lock_give(&self->lock);
    return self->port;
}

/* An error is readiness, and no POLLERR (S14): it cannot be watched alone. */
enum { ENDS = MIO_POLL_HALF_CLOSED != 0 ? MIO_READ_CLOSED : 0 };

const struct mio__selector_ops mio__ports_ops = {
    .name = "ports",
    .serves = MIO_READABLE | MIO_WRITABLE | MIO_PRIORITY | ENDS | MIO_LEVEL | MIO_ONESHOT,
    .traits = MIO_TRAIT_MAKES_EDGES,
    .selector_new = ports_selector_new,
    .selector_free = ports_selector_free,
    .select = ports_select,
    .wait = ports_wait_once,
    .filter = NULL,
    .register_fd = ports_register,
    .reregister_fd = ports_reregister,
    .deregister_fd = ports_deregister,
    .rearm = ports_rearm,
    .apply = NULL,
    .arm_doorbell = ports_arm_doorbell,
    .ring = ports_ring,
    .is_doorbell = ports_is_doorbell,
    .selector_fd = ports_selector_fd,
};

#endif
