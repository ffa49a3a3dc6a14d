/* SPDX-License-Identifier: MIT */
/*
 * When a filter is true, and what it reports then.
 *
 * The three questions of a knote: may it be attached to this file (filter_attach), is what was just
 * seen a new edge (filter_edge), and is there anything to report (filter_true). All three work on a
 * `struct look`, never on the descriptor. EVFILT_USER has no file; its state changes only through
 * kevent().
 */
#define _GNU_SOURCE

#include "kqmodel_inner.h"

#include <errno.h>

/* --- attaching --- */

static int attach_pipe(const struct knote *knote, const struct look *look)
{
    if (knote->kind == KIND_EXCEPT)
        return flavour.unsupported_error;
    if (knote->kind == KIND_WRITE && look->kind == FILE_PIPE && look->peer_gone)
        return older_release() ? flavour.older_pipe_gone_error : flavour.pipe_gone_error;
    if (look->kind == FILE_FIFO && flavour.fifo_checks_direction &&
        !(knote->kind == KIND_READ ? look->reads : look->writes))
        return EINVAL;
    return 0;
}

static bool reaches(const struct kq *from, const struct kq *to, int depth)
{
    enum { MAX_DEPTH = 10 };
    if (from == to || depth > MAX_DEPTH)
        return true;
    for (const struct knote *knote = from->list; knote; knote = knote->by_kq.next) {
        if (kind_is_descriptor(knote->kind) && knote->seen.kind == FILE_KQUEUE &&
            reaches(kq_of((int)knote->ident), to, depth + 1))
            return true;
    }
    return false;
}

static int attach_kqueue(const struct knote *knote)
{
    struct kq *inner = kq_of((int)knote->ident);
    if (knote->kind != KIND_READ)
        return flavour.nested_write_error;
    if (inner == knote->kq)
        return flavour.nested_self_error;
    if (flavour.nested_cycle_error && reaches(inner, knote->kq, 0))
        return flavour.nested_cycle_error;
    return 0;
}

/* K20: most drivers cannot count bytes, and say so unless the caller asks for no more than one. */
static int attach_device(const struct knote *knote, const struct look *look)
{
    if (knote->kind == KIND_EXCEPT)
        return flavour.unsupported_error;
    bool marked = (knote->asked_fflags & NOTE_LOWAT) && knote->asked_data == 1;
    return flavour.device_needs_mark && !look->pty && !marked ? EINVAL : 0;
}

int filter_attach(const struct knote *knote, const struct look *look)
{
    switch (look->kind) {
    case FILE_PIPE:
    case FILE_FIFO:
        return attach_pipe(knote, look);
    case FILE_KQUEUE:
        return attach_kqueue(knote);
    case FILE_DEVICE:
        return attach_device(knote, look);
    case FILE_DIRECTORY:
        return flavour.directory_error      ? flavour.directory_error
               : knote->kind == KIND_EXCEPT ? flavour.unsupported_error
                                            : 0;
    case FILE_REGULAR:
        return knote->kind == KIND_EXCEPT ? flavour.unsupported_error : 0;
    case FILE_FOREIGN:
        model_abort("descriptor %d is nothing that a system with a kqueue has", (int)knote->ident);
    default:
        return 0;
    }
}

/* --- edges --- */

static bool both_ended(const struct look *look)
{
    return flavour.full_close_refires && look->tcp && look->read_ended && look->write_ended;
}

static bool new_error(const struct look *seen, const struct look *now)
{
    return now->error != 0 && now->error != seen->error;
}

/* The end of a FIFO is no news where nobody is told of it. */
static bool lost_peer(const struct look *seen, const struct look *now)
{
    return now->peer_gone && !seen->peer_gone && (now->kind != FILE_FIFO || flavour.fifo_tells_eof);
}

/* Room in a pipe or a FIFO. */
static bool gained_room(const struct look *seen, const struct look *now)
{
    int64_t freed = flavour.pipe_read_posts_write;
    if (now->kind == FILE_FIFO && flavour.fifo_is_socket)
        return now->space > seen->space;
    return (now->kind == FILE_PIPE || now->kind == FILE_FIFO) && now->space >= freed &&
           seen->space < freed;
}

static bool read_edge(const struct look *seen, const struct look *now)
{
    if (now->kind == FILE_KQUEUE)
        return now->arrivals != seen->arrivals;
    return now->arrivals != seen->arrivals || (now->read_ended && !seen->read_ended) ||
           lost_peer(seen, now) || (now->urgent && !seen->urgent) ||
           (now->kind == FILE_DEVICE && now->mark > seen->mark) ||
           (now->was_listener && !seen->was_listener) || (both_ended(now) && !both_ended(seen)) ||
           new_error(seen, now);
}

static bool write_edge(const struct look *seen, const struct look *now)
{
    return (now->writable && !seen->writable) || now->in_flight < seen->in_flight ||
           gained_room(seen, now) || (now->write_ended && !seen->write_ended) ||
           lost_peer(seen, now) || (now->was_listener && !seen->was_listener) ||
           (both_ended(now) && !both_ended(seen)) || new_error(seen, now);
}

bool filter_edge(const struct knote *knote, const struct look *now)
{
    const struct look *seen = &knote->seen;
    return knote->kind == KIND_WRITE ? write_edge(seen, now) : read_edge(seen, now);
}

bool filter_writers_first(const struct knote *knote)
{
    struct look now;
    const struct look *seen = &knote->seen;
    bool ever = seen->tcp ? flavour.refusal_writers_first || flavour.reset_writers_first
                          : flavour.unix_end_writers_first;
    if (!ever || seen->kind != FILE_STREAM || !file_look((int)knote->ident, &now) ||
        !now.read_ended || !now.write_ended)
        return false;
    return !now.tcp           ? flavour.unix_end_writers_first
           : !seen->connected ? flavour.refusal_writers_first
                              : flavour.reset_writers_first;
}

/* --- sockets --- */

static void report_end(struct knote *knote, const struct look *now, bool reading)
{
    knote->flags |= EV_EOF;
    if (!reading || now->unread == 0)
        knote->flags |= flavour.flag_no_data;
    if (now->read_ended && now->write_ended)
        knote->flags |= flavour.flag_hang_up;
    knote->fflags = (unsigned)now->error;
}

static int64_t mark_of(const struct knote *knote, int64_t own)
{
    if (!(knote->asked_fflags & NOTE_LOWAT))
        return own;
    return flavour.mark_only_raises && knote->asked_data < own ? own : knote->asked_data;
}

/* No mark is above the whole buffer where NOTE_LOWAT can only raise it. */
static int64_t socket_mark(const struct knote *knote, const struct look *now, int64_t own)
{
    int64_t mark = mark_of(knote, own);
    int64_t whole = now->tcp ? flavour.tcp_space : flavour.unix_space;
    return flavour.mark_only_raises && mark > whole ? whole : mark;
}

static bool listener_readable(struct knote *knote, const struct look *now)
{
    knote->data = now->unread;
    if (knote->attached_listener || flavour.late_listen == LATE_WORKS)
        return now->unread > 0;
    knote->data = 0;
    return flavour.late_listen == LATE_NO_COUNT && now->unread > 0;
}

static bool was_listener_readable(struct knote *knote)
{
    knote->data = 0;
    if (!flavour.listener_end_read)
        return false;
    knote->flags |= EV_EOF;
    knote->fflags = ECONNABORTED;
    return true;
}

static bool enough(const struct knote *knote, const struct look *now)
{
    if (now->kind == FILE_DATAGRAM && !(knote->asked_fflags & NOTE_LOWAT))
        return now->arrivals > 0;
    int64_t mark = socket_mark(knote, now, now->mark);
    return now->unread >= mark && (now->unread > 0 || flavour.mark_as_given);
}

static bool socket_readable(struct knote *knote, const struct look *now)
{
    if (now->kind == FILE_LISTENER)
        return listener_readable(knote, now);
    if (now->was_listener)
        return was_listener_readable(knote);
    knote->data = now->unread;

    bool asked_oob = flavour.except_is_read && (knote->asked_fflags & flavour.note_oob);
    if (asked_oob && now->urgent) {
        knote->fflags |= flavour.note_oob;
        if (flavour.oob_excludes_data)
            knote->data = 0;
        return true;
    }
    if (asked_oob && flavour.oob_excludes_data)
        return false;
    if (now->read_ended) {
        report_end(knote, now, true);
        return true;
    }
    return now->error != 0 || enough(knote, now);
}

/* Where EVFILT_EXCEPT is its own: the mark and nothing else. */
static bool socket_excepted(struct knote *knote, const struct look *now)
{
    if (flavour.except_is_read)
        return socket_readable(knote, now);
    knote->data = 0;
    if (!(knote->asked_fflags & flavour.note_oob) || !now->urgent)
        return false;
    knote->fflags |= flavour.note_oob;
    return true;
}

static bool socket_writable(struct knote *knote, const struct look *now)
{
    knote->data = now->space;
    if (now->was_listener) {
        knote->flags |= flavour.listener_end_write ? EV_EOF : 0;
        return flavour.listener_end_write;
    }
    if (now->kind == FILE_LISTENER)
        return false;
    if (now->write_ended) {
        report_end(knote, now, false);
        return true;
    }
    if (now->error != 0)
        return true;
    return now->writable && now->space >= socket_mark(knote, now, now->send_mark);
}

/* --- pipes, FIFOs, files --- */

static bool end_of_pipe(struct knote *knote, const struct look *now)
{
    bool writing = knote->kind == KIND_WRITE;
    bool backward = !(writing ? now->writes : now->reads);
    bool tells = older_release() ? flavour.older_pipe_backward_ends : flavour.pipe_backward_ends;
    if (now->kind == FILE_FIFO ? !flavour.fifo_tells_eof : backward && !tells)
        return false;
    knote->flags |= EV_EOF;
    if (knote->data == 0 || writing)
        knote->flags |= flavour.flag_no_data;
    if (writing && now->kind == FILE_PIPE && flavour.pipe_gone_oneshot)
        knote->flags |= EV_ONESHOT;
    if (writing && !backward && flavour.pipe_gone_space)
        knote->data = now->space;
    return true;
}

static void take_back_end(struct knote *knote, const struct look *now)
{
    if (now->kind == FILE_FIFO && flavour.fifo_clears_eof && !now->peer_gone)
        knote->flags &= ~(EV_EOF | flavour.flag_no_data);
}

static int64_t mark_of_pipe(const struct knote *knote, int64_t own)
{
    return flavour.pipe_low_water ? mark_of(knote, own) : own;
}

static bool pipe_readable(struct knote *knote, const struct look *now)
{
    knote->data = now->reads ? now->unread : 0;
    take_back_end(knote, now);
    if (now->peer_gone && end_of_pipe(knote, now))
        return true;
    return knote->data > 0 && knote->data >= mark_of_pipe(knote, 1);
}

static bool pipe_writable(struct knote *knote, const struct look *now)
{
    knote->data = 0;
    take_back_end(knote, now);
    if (now->peer_gone && end_of_pipe(knote, now))
        return true;
    if (!now->writes) {
        knote->data = flavour.pipe_backward_space;
        return knote->data > 0;
    }
    knote->data = now->space;
    int64_t own = now->kind == FILE_FIFO ? flavour.fifo_write_mark : PIPE_MARK;
    return now->space >= own && now->space >= mark_of_pipe(knote, own);
}

static bool file_readable(struct knote *knote, const struct look *now)
{
    bool told_of_end = (knote->asked_fflags & flavour.note_eof) != 0;
    knote->data = now->unread;
    knote->fflags = told_of_end && now->unread == 0 ? flavour.note_eof : 0;
    return now->unread != 0 || told_of_end;
}

static bool device_ready(struct knote *knote, const struct look *now)
{
    bool reading = knote->kind == KIND_READ;
    bool counts = !flavour.device_needs_mark || now->pty;
    knote->data = !counts ? 1 : reading ? now->unread : 0;
    if (now->pty_master && flavour.pty_clears_eof)
        knote->flags &= ~(unsigned)EV_EOF;
    if (now->read_ended) {
        report_end(knote, now, reading);
        return true;
    }
    return reading ? now->mark > 0 : now->writable;
}

static bool descriptor_true(struct knote *knote, const struct look *now)
{
    bool writing = knote->kind == KIND_WRITE;
    switch (now->kind) {
    case FILE_PIPE:
    case FILE_FIFO:
        return writing ? pipe_writable(knote, now) : pipe_readable(knote, now);
    case FILE_REGULAR:
    case FILE_DIRECTORY:
        knote->data = now->space;
        return writing || file_readable(knote, now);
    case FILE_DEVICE:
        return device_ready(knote, now);
    case FILE_KQUEUE:
        knote->data = now->unread;
        return now->unread > 0;
    default:
        return writing                      ? socket_writable(knote, now)
               : knote->kind == KIND_EXCEPT ? socket_excepted(knote, now)
                                            : socket_readable(knote, now);
    }
}

bool filter_true(struct knote *knote, const struct look *now)
{
    switch (knote->kind) {
    case KIND_USER:
        return knote->triggered;
    case KIND_VNODE:
        return knote->fflags != 0;
    case KIND_PROCESS:
        return process_is_over(knote);
    case KIND_TIMER:
        return timer_has_expired(knote);
    case KIND_AIO:
    case KIND_LIO:
        return true; /* made when the request was finished */
    default:
        return descriptor_true(knote, now);
    }
}

/* --- EVFILT_USER --- */

static unsigned combine(unsigned old, unsigned change)
{
    unsigned value = change & NOTE_FFLAGSMASK;
    switch (change & NOTE_FFCTRLMASK) {
    case NOTE_FFAND:
        return old & value;
    case NOTE_FFOR:
        return old | value;
    case NOTE_FFCOPY:
        return value;
    default:
        return old;
    }
}

static unsigned first_fflags(unsigned change)
{
    switch (flavour.user_add_fflags) {
    case USER_MASKED:
        return change & NOTE_FFLAGSMASK;
    case USER_CONTROLLED:
        return combine(0, change);
    default:
        return change;
    }
}

void filter_user_change(struct knote *knote, struct kevent *change, bool is_new)
{
    bool trigger = (change->fflags & NOTE_TRIGGER) != 0;
    knote->asked_data = change->data;
    if (is_new) {
        knote->triggered = trigger && flavour.user_fires_in_add;
        knote->asked_fflags = first_fflags(change->fflags);
        return;
    }
    knote->asked_fflags = combine(knote->asked_fflags, change->fflags);
    knote->triggered = knote->triggered || trigger;
    if ((change->flags & EV_CLEAR) && flavour.user_clear_cancels)
        knote->triggered = false;
}
