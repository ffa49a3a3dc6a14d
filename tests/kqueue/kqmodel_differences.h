/* SPDX-License-Identifier: MIT */
/*
 * The five systems side by side: one row a difference, one column a system.
 *
 * Included twice, with ROW(type, name, FreeBSD, NetBSD, OpenBSD, DragonFly, macOS) defined each
 * time: once to declare the members of struct flavour, once to fill them from the column that the
 * build chose. A row that begins with older_ is the answer after kqmodel_set_older(true), where
 * two releases in use differ. K numbers are the pitfalls of kernels-and-peers.md; [F], [N], [O],
 * [D], [M], [new] are freebsd-observed, netbsd-observed, openbsd-read, dragonfly-read, macos-read
 * and newer-freebsd-netbsd.
 */
/* clang-format off */

/*                                      FreeBSD     NetBSD      OpenBSD     DragonFly   macOS */
ROW(const char *, name,
    "freebsd",         "netbsd",          "openbsd",         "dragonfly",       "macos")
/* NetBSD 10 is the flavour, NetBSD-current the newer one [new]. */
ROW(bool, older_by_default,             false,      true,       false,      false,      false)

/* --- filters --- */
/* Numbers of filters that not all systems have; NO_FILTER where there is none (K27, K35). */
ROW(int, except_filter,
    NO_FILTER,         NO_FILTER,         EVFILT_EXCEPT,     EVFILT_EXCEPT,     EVFILT_EXCEPT)
ROW(int, lio_filter,                    EVFILT_LIO, NO_FILTER,  NO_FILTER,  NO_FILTER,  NO_FILTER)
ROW(int, first_filter,                  -13,        0,          -10,        -10,        -18)
ROW(int, last_filter,                   -1,         9,          -1,         -1,         -1)
/* A zeroed change means "no change" (K13, [F]). */
ROW(bool, skips_filter_0,               true,       false,      false,      false,      false)
/* A number that is still known and not served any more: ENOTSUP ([M] "Receipts"). */
ROW(int, retired_filter,
    NO_FILTER,         NO_FILTER,         NO_FILTER,         NO_FILTER,         -14)
/* Adding EVFILT_AIO by hand: aio(4) does it from inside the kernel. DragonFly has no aio(4) any
 * more ([D] "Receipts"). */
ROW(int, aio_add_error,                 EPERM,      EINVAL,     EINVAL,     ENXIO,      ENOTSUP)
ROW(bool, posts_aio,                    true,       false,      false,      false,      false)
ROW(unsigned, aio_event_flags,          0xA000,     0,          0,          0,          0)
/* An object that knows the filter's number but not the filter ([D] "Refusals", [M] "Receipts"). */
ROW(int, unsupported_error,             EINVAL,     EINVAL,     EINVAL,     EOPNOTSUPP, EINVAL)

/* --- one change --- */
/* Bits of the input that are masked off silently. */
ROW(unsigned, system_flags,             0xF000,     0xF000,     0xF800,     0xF800,     0xF000)
/* Flags that the system knows and the model does not: EV_FORCEONESHOT, EV_UDATA_SPECIFIC (K18). */
ROW(unsigned, unmodelled_flags,         0x0100,     0,          0,          0,          0x0100)
/* EV_VANISHED is refused unless EV_UDATA_SPECIFIC comes with it ([M] "Receipts"). */
ROW(unsigned, refused_flags,            0,          0,          0,          0,          0x0200)
/* EV_ENABLE and EV_DISABLE together (K13). Where the first wins the knote keeps both bits. */
ROW(enum conflict, enable_and_disable,
    CONFLICT_REFUSED,  CONFLICT_FIRST,    CONFLICT_FIRST,    CONFLICT_FIRST,    CONFLICT_SECOND)
/* EV_ADD and EV_DELETE together: adds or deletes by turns, adds, or deletes ([F], [new], [O],
 * [D], [M]). */
ROW(enum conflict, add_and_delete,
    CONFLICT_TOGGLES,  CONFLICT_TOGGLES,  CONFLICT_FIRST,    CONFLICT_FIRST,    CONFLICT_SECOND)
/* EV_ADD of an open descriptor at or above an RLIMIT_NOFILE that was lowered since ([M]
 * "Receipts"). */
ROW(int, lowered_limit_error,           0,          0,          0,          0,          EINVAL)
/* A change without EV_ADD on a closed descriptor (K8). */
ROW(int, closed_without_add,            EBADF,      EBADF,      EBADF,      EBADF,      ENOENT)
/* EV_ADD and its kin are kept in the knote and seen in its events (K4, K5). */
ROW(bool, echoes_operations,            false,      true,       true,       true,       true)
/* What a change of an existing knote replaces and re-runs, by the operations it carries (K7). */
ROW(enum touch, touch_replaces,
    TOUCH_ALWAYS,      TOUCH_ALWAYS,      TOUCH_ADD,         TOUCH_ALWAYS,      TOUCH_ALWAYS)
ROW(enum touch, touch_reruns,
    TOUCH_ALWAYS, TOUCH_ALWAYS, TOUCH_ADD_OR_ENABLING, TOUCH_ALWAYS, TOUCH_ALWAYS)
/* EV_DISABLE takes out of the queue; elsewhere the next fetch does, and until then the knote counts
 * for an outer kqueue ([D] "kqueue in a kqueue"). */
ROW(bool, disable_dequeues,             false,      false,      false,      false,      true)

/* --- receipts --- */
ROW(bool, receipt_keeps_flags,          false,      false,      false,      false,      true)
ROW(bool, receipt_clears_new,           true,       true,       true,       true,       false)
ROW(bool, receipt_masks_user,           true,       true,       false,      true,       false)
/* No room for a receipt or an error (K1). */
ROW(enum short_list, short_list,
    SHORT_STOPS,       SHORT_STOPS,       SHORT_STOPS,       SHORT_OVERRUNS,    SHORT_DROPS)
/* nevents below 0, nchanges below 0 (K14). */
ROW(enum negative, negative_events,
    NEGATIVE_HANGS, NEGATIVE_HANGS, NEGATIVE_UNBOUNDED, NEGATIVE_UNBOUNDED, NEGATIVE_IS_ZERO)
ROW(enum negative, negative_changes,
    NEGATIVE_IS_ZERO, NEGATIVE_UNBOUNDED, NEGATIVE_IS_ZERO, NEGATIVE_UNBOUNDED, NEGATIVE_IS_ZERO)

/* --- timeouts (K40) --- */
ROW(enum timeout_check, timeout_check,
    TIMEOUT_AFTER,     TIMEOUT_AFTER,     TIMEOUT_FIRST,     TIMEOUT_NEVER,     TIMEOUT_FIRST)
ROW(int64_t, timeout_seconds,           INT64_MAX,  INT64_MAX,  INT64_MAX,  INT64_MAX,  INT32_MAX)
ROW(int64_t, older_timeout_seconds,     INT64_MAX,  INT64_MAX,  INT64_MAX,  INT64_MAX,  100000000)
ROW(int64_t, timeout_nanoseconds,       999999999,  999999999,  999999999,  INT64_MAX,  1000000000)
ROW(int64_t, older_timeout_nanoseconds, 999999999,  999999999,  999999999,  INT64_MAX,  999999999)

/* --- delivery --- */
/* A queued one-shot is looked at again before it is reported (K38): descriptors, and
 * EVFILT_USER. */
ROW(bool, oneshot_rechecked,            false,      false,      false,      false,      true)
ROW(bool, oneshot_user_rechecked,       false,      false,      true,       false,      true)
/* EV_CLEAR beats EV_DISPATCH: the knote is never disabled ([new] "Registering"). */
ROW(bool, clear_beats_dispatch,         false,      true,       false,      false,      false)

/* --- EVFILT_USER (K27, K28) --- */
ROW(bool, user_keeps_first_udata,       false,      false,      false,      true,       false)
ROW(bool, user_fires_in_add,            false,      false,      true,       true,       true)
ROW(bool, user_clear_cancels,           true,       true,       true,       true,       false)
/* The fflags of the EV_ADD: kept as they are, their low 24 bits, or what NOTE_FFCOPY and
 * NOTE_FFOR say. */
ROW(enum user_add, user_add_fflags,
    USER_RAW,          USER_RAW,          USER_MASKED,       USER_CONTROLLED,   USER_RAW)
ROW(bool, user_clear_zeroes,            false,      false,      false,      true,       false)
ROW(bool, user_oneshot_blank,           true,       false,      false,      false,      false)
ROW(int, user_limit,                    INT_MAX,    INT_MAX,    1024,       INT_MAX,    INT_MAX)

/* --- end of file --- */
ROW(unsigned, flag_no_data,             0,          0,          0,          0x1000,     0)
ROW(unsigned, flag_hang_up,             0,          0,          0,          0x0800,     0)
/* When both directions of a TCP connection have ended both filters are posted again ([O], [D],
 * [M]). */
ROW(bool, full_close_refires,           false,      false,      true,       true,       true)

/* --- pipes --- */
ROW(int64_t, pipe_capacity,             16384,      16384,      16384,      32768,      16384)
/* A write that is larger than an empty pipe, or that does not fit, makes it larger ([O], [M]
 * "Pipes"). */
ROW(enum growth, pipe_growth,
    GROWTH_NEVER,      GROWTH_NEVER,      GROWTH_EMPTY,      GROWTH_NEVER,      GROWTH_CROWDED)
/* EVFILT_WRITE on the reading end: the free space of the other direction, 0: silent until the
 * other end closes (K24). */
ROW(int64_t, pipe_backward_space,       4096,       0,          16384,      32768,      0)
/* EVFILT_WRITE on the reading end is posted by each write of the other end: the knotes of an end
 * are one list ([D] "EV_CLEAR"). */
ROW(bool, pipe_write_posts_backward,    false,      false,      false,      true,       false)
/* A filter in the wrong direction fires when the other end closes. */
ROW(bool, pipe_backward_ends,           true,       false,      true,       true,       true)
ROW(bool, older_pipe_backward_ends,     true,       true,       true,       true,       true)
/* EVFILT_WRITE added after the other end has gone: an errno, or 0: attached, with EOF (K9). */
ROW(int, pipe_gone_error,               EPIPE,      0,          0,          EPIPE,      0)
ROW(int, older_pipe_gone_error,         EPIPE,      EBADF,      EPIPE,      EPIPE,      EPIPE)
/* The other end goes: the knote of EVFILT_WRITE becomes a one-shot ([F] "Pipes"). */
ROW(bool, pipe_gone_oneshot,            true,       false,      false,      false,      false)
/* The end of EVFILT_WRITE carries the free space ([F]: what was seen beside the observed lines). */
ROW(bool, pipe_gone_space,              true,       false,      false,      false,      false)
/* NOTE_LOWAT is heeded; elsewhere the filters of pipes do not look at it. */
ROW(bool, pipe_low_water,               false,      false,      false,      false,      true)
/* A read posts READ again if something, or the end of file, is left (K37), and as much as this
 * is free. */
ROW(bool, pipe_read_posts_read,         true,       false,      true,       false,      true)
ROW(bool, older_pipe_read_posts_read,   true,       true,       true,       false,      true)
ROW(int64_t, pipe_read_posts_from,      512,        512,        512,        512,        1)
/* A read posts WRITE once this much is free; a write posts WRITE while 512 are free. Level knotes
 * are posted no sooner: what found the pipe full is silent until then ([D] "EV_CLEAR"). */
ROW(int64_t, pipe_read_posts_write,     512,        512,        512,        16384,      512)
ROW(bool, pipe_write_posts_write,       true,       false,      true,       false,      true)
ROW(bool, older_pipe_write_posts_write, true,       true,       true,       false,      true)
/* The other end of a pipe with less than 512 free goes: the knotes of EVFILT_WRITE are woken before
 * the end is marked, so one that is not queued is silent until it is touched ([new] "Pipes", [O]
 * "Pipes"). */
ROW(bool, full_pipe_cut_off,            false,      false,      true,       false,      false)
ROW(bool, older_full_pipe_cut_off,      false,      true,       true,       false,      false)
/* Calls that failed with EAGAIN post as well: WRITE a read, READ a write ([M], [O] "Pipes"; [D]
 * "EV_CLEAR": only a write that must not be split and finds some room). */
ROW(bool, pipe_failed_read_posts,       false,      false,      true,       false,      true)
ROW(enum failed_write, pipe_failed_write_posts,
    FAILED_IS_SILENT,  FAILED_IS_SILENT,  FAILED_POSTS,      FAILED_POSTS_WITH_ROOM, FAILED_POSTS)

/* --- FIFOs, files, devices (K20 to K24) --- */
ROW(bool, fifo_tells_eof,               true,       true,       true,       true,       false)
/* A writer that comes again takes the end back ([F] f_pipegen, [O] "FIFOs", [D]; 4.4BSD's code). */
ROW(bool, fifo_clears_eof,              true,       true,       true,       true,       false)
ROW(int64_t, fifo_capacity,             16384,      16384,      32768,      32768,      8192)
/* A pair of Unix sockets: a partial read is no edge of READ, each read is one of WRITE, no write
 * is, and what fails posts nothing ([O] "FIFOs"). Elsewhere it is a pipe. */
ROW(bool, fifo_is_socket,               false,      true,       true,       true,       false)
ROW(bool, fifo_checks_direction,        false,      false,      true,       false,      false)
ROW(int64_t, fifo_write_mark,           512,        512,        512,        512,        1)
ROW(int64_t, file_write_data,           0,          0,          0,          0,          1)
ROW(int, directory_error,               0,          0,          0,          0,          EINVAL)
ROW(bool, device_needs_mark,            false,      false,      false,      false,      true)
/* The filter of those that need the mark is hooked up only while nothing is ready, and EV_CLEAR
 * unhooks it: no edge comes after the first until a touch looks again. */
ROW(bool, device_unhooks,               false,      false,      false,      false,      true)
/* A pty's master that never had a slave, and one whose slave has closed: EOF, or nothing; a slave
 * that comes again takes the end back ([O] filt_ptcread, [M] "FIFOs"; read of the others). */
ROW(bool, pty_fresh_ends,               false,      false,      true,       false,      true)
ROW(bool, pty_ends,                     true,       false,      true,       true,       true)
ROW(bool, pty_clears_eof,               false,      false,      true,       false,      false)
ROW(int, device_unpolled_error,         ENODEV,     ENODEV,     0,          EOPNOTSUPP, 0)
ROW(unsigned, note_eof,                 0,          0,          0x2,        0,          0)

/* --- EVFILT_VNODE (K51) --- */
/* A name that was removed: NOTE_LINK while there are others, else NOTE_DELETE; elsewhere
 * NOTE_DELETE of any. */
ROW(bool, vnode_delete_is_last,         false,      true,       false,      false,      false)
/* What comes with it. */
ROW(unsigned, vnode_delete_notes,       0,          0,          0,          0,          NOTE_LINK)
/* What comes with NOTE_ATTRIB of a file that gets shorter. */
ROW(unsigned, note_truncate,            0,          0,          0x80,       0,          0)

/* --- what fstat() says: device and inode, by which two files could be told apart --- */
ROW(enum identity, internet_identity,
    IDENTITY_VOID,     IDENTITY_VOID,     IDENTITY_VOID,     IDENTITY_OWN,      IDENTITY_VOID)
ROW(enum identity, pipe_identity,
    IDENTITY_OWN,      IDENTITY_VOID,     IDENTITY_VOID,     IDENTITY_RECYCLED, IDENTITY_OWN)

/* --- sockets: as observed where it was ([F], [N] and the answers of the other three) --- */
/* Free space of fresh send buffers: hints only ([F], [N], [O], [D], [M]). */
ROW(int64_t, tcp_space,                 32768,      32768,      32716,      57344,      131072)
ROW(int64_t, tcp_space_unconnected,     32768,      32768,      16384,      57344,      2048)
ROW(int64_t, unix_space,                8192,       4096,       32768,      65536,      8192)
ROW(int64_t, datagram_space,            9216,       9216,       9216,       9216,       9216)
ROW(int64_t, unix_datagram_space,       2048,       2048,       8192,       65536,      2048)
/* How much must be free for EVFILT_WRITE: SO_SNDLOWAT. */
ROW(int64_t, tcp_mark,                  2048,       2048,       2048,       14336,      2048)
ROW(int64_t, unix_mark,                 2048,       2048,       2048,       16384,      2048)
/* An own write to TCP posts WRITE at once, besides its acknowledgement, which all post. */
ROW(bool, own_write_posts_write,        false,      false,      false,      true,       false)
/* Data after the own end of receiving resets the connection; elsewhere it is thrown away, and READ
 * posted. */
ROW(bool, data_after_end_resets,        false,      false,      false,      false,      true)
/* shutdown() of what was never connected; of a side that has ended; of sending, twice, after the
 * peer's acknowledgement. */
ROW(int, unconnected_shutdown_error,    ENOTCONN,   ENOTCONN,   0,          0,          ENOTCONN)
ROW(bool, second_shutdown_refused,      false,      false,      false,      false,      true)
ROW(bool, second_shutdown_ends_reading, true,       true,       false,      true,       false)
/* Both directions end at once: WRITE is posted before READ. A refused connection, a reset, the
 * close of a Unix stream's peer. */
ROW(bool, refusal_writers_first,        false,      false,      true,       false,      true)
ROW(bool, reset_writers_first,          false,      false,      true,       false,      false)
ROW(bool, unix_end_writers_first,       false,      false,      true,       true,       false)
/* The space of a Unix stream is the whole of it, or nothing once it is full. */
ROW(bool, unix_space_unless_full,       false,      false,      false,      true,       false)
/* A Unix stream whose peer ended its receiving is not ready for writing any more. */
ROW(bool, unix_shut_read_stops_peer,    false,      false,      false,      false,      true)
/* so_error of a Unix client whose listener closes before it accepts. */
ROW(int, unaccepted_error,              ECONNRESET, 0,          0,          0,          0)
/* Datagrams: connect() of UDP posts WRITE; so does sendto() of an unconnected Unix socket, and the
 * peer's receiving. */
ROW(bool, udp_connect_posts_write,      false,      false,      true,       false,      false)
ROW(bool, unix_sendto_posts_write,      true,       true,       true,       false,      true)
ROW(bool, unix_receive_posts_peer,      false,      false,      false,      false,      true)
/* so_error of a Unix datagram socket whose peer has closed. */
ROW(int, unix_datagram_end_error,       0,          0,          ECONNRESET, ECONNRESET, ECONNRESET)
/* What the address adds to each queued datagram: IPv4, IPv6, Unix without a name. */
ROW(int64_t, udp4_address,              0,          16,         16,         16,         0)
ROW(int64_t, udp6_address,              0,          28,         28,         28,         0)
ROW(int64_t, unix_address,              0,          2,          16,         16,         0)
/* NOTE_LOWAT can only raise the socket's own mark (K36). */
ROW(bool, mark_only_raises,             false,      false,      false,      false,      true)
/* NOTE_LOWAT is compared as it is, 0 and below 0 too: ready with nothing there. */
ROW(bool, mark_as_given,                true,       false,      false,      false,      false)
/* accept() with connections left is a new edge. */
ROW(bool, accept_posts_read,            true,       true,       true,       true,       false)
/* A connection that was reset before accept() is refused with ECONNABORTED; else handed over. */
ROW(bool, reset_refuses_accept,         false,      false,      true,       false,      false)
/* EVFILT_READ added before listen(): works, never fires, or fires with data 0. */
ROW(enum late_listen, late_listen,
    LATE_WORKS,        LATE_SILENT,       LATE_WORKS,        LATE_NO_COUNT,     LATE_WORKS)
/* shutdown() of a listener: EOF with ECONNABORTED on READ, EOF on WRITE, or refused with
 * ENOTCONN. */
ROW(bool, listener_end_read,            true,       false,      false,      false,      false)
ROW(bool, listener_end_write,           false,      false,      true,       false,      false)
ROW(bool, listener_end_refused,         false,      false,      false,      false,      true)

/* --- urgent data (K35) --- */
ROW(unsigned, note_oob,                 0,          0,          0x4,        0x2,        0x2)
/* EVFILT_EXCEPT is a filter of its own; elsewhere it is EVFILT_READ, and both honour NOTE_OOB. */
ROW(bool, except_is_read,               false,      false,      false,      true,       true)
/* With NOTE_OOB asked nothing but the mark counts ([D] "EVFILT_EXCEPT"). */
ROW(bool, oob_excludes_data,            false,      false,      false,      true,       false)
/* recv(MSG_OOB) at the mark ends the condition, also with MSG_PEEK; elsewhere reading on does. */
ROW(bool, mark_ends_when_taken,         false,      false,      false,      false,      true)

/* --- a kqueue in a kqueue (K25) --- */
ROW(int, nested_write_error,            EINVAL,     EINVAL,     EINVAL,     EOPNOTSUPP, EINVAL)
ROW(int, nested_self_error,             EINVAL,     EINVAL,     0,          0,          EINVAL)
/* With EV_CLEAR: an edge only when the inner queue was empty ([M] "kqueue in a kqueue"). */
ROW(bool, nested_edge_from_empty,       false,      false,      false,      false,      true)
/* A fetch of the inner one that puts level knotes back is an edge ([O], [M] "kqueue in a
 * kqueue"). */
ROW(bool, nested_put_back_is_edge,      false,      false,      true,       false,      true)
ROW(int, nested_cycle_error,            0,          0,          0,          0,          EINVAL)

/* --- EVFILT_PROC (K49) --- */
/* A process that has ended and was not waited for ([M], [O] "PROC"; [D]: taken when NOTE_EXIT is
 * asked). */
ROW(int, zombie_error,                  0,          ESRCH,      ESRCH,      0,          ESRCH)
/* The end is told though NOTE_EXIT was not asked for. */
ROW(bool, exit_is_told_unasked,         false,      true,       true,       true,       false)
/* Its event carries the status; on macOS for who asks by NOTE_EXITSTATUS. */
ROW(bool, exit_has_status,              true,       true,       true,       true,       false)
ROW(unsigned, note_exit_status,         0,          0,          0,          0,          0x04000000)
/* NOTE_TRACK; where it works it is not modelled. */
ROW(int, track_error,                   0,          0,          0,          0,          ENOTSUP)

/* --- EVFILT_TIMER (K65; [F], [N], [O], [D], [M] "Timers"; [new] "Timers") --- */
/* fflags that are no matter of the model's, or of nobody's. */
ROW(unsigned, timer_unmodelled,         0x10,       0x10,       0x10,       0,          0x108)
ROW(unsigned, timer_ignored,            0,          0,          0,          ~0u,        ~0x10fu)
ROW(enum timer_odd, timer_zero,
    TIMER_ONE,         TIMER_REFUSED,     TIMER_TICKS,       TIMER_TICKS,       TIMER_ONCE)
ROW(enum timer_odd, timer_negative,
    TIMER_REFUSED,     TIMER_UNKNOWN,     TIMER_TICKS,       TIMER_TICKS,       TIMER_ONCE)
ROW(enum timer_odd, timer_huge,
    TIMER_LONG,        TIMER_UNKNOWN,     TIMER_LONG,        TIMER_TICKS,       TIMER_OUT_OF_RANGE)
/* Nothing is shorter, in nanoseconds. */
ROW(int64_t, timer_tick,                1,          10000000,   10000000,   10000000,   1)
/* EV_ADD of one that runs: anew from this moment, or from its next expiration on. */
ROW(bool, timer_add_restarts,           true,       true,       true,       false,      true)
ROW(bool, timer_flags_replaced,         false,      true,       false,      false,      false)
/* So does EV_ENABLE or EV_DISABLE. */
ROW(bool, timer_touch_restarts,         false,      false,      false,      false,      true)
/* EV_ADD of one that runs, with a time that is refused. */
ROW(enum timer_refusal, timer_refusal,
    REFUSAL_UNMODELLED, REFUSAL_STOPS,    REFUSAL_KEEPS,     REFUSAL_KEEPS,     REFUSAL_KEEPS)

/* --- the descriptor --- */
ROW(bool, close_on_exec,                false,      false,      false,      false,      true)
/* kqueue1(): flags that are refused; all others are taken or ignored ([new] "Creating", [O]
 * "close, dup"). */
ROW(unsigned, kqueue1_refused,
    ~(unsigned)(O_CLOEXEC | O_NONBLOCK), 0, ~(unsigned)(O_CLOEXEC | O_NONBLOCK), 0, 0)
/* close() of a kqueue ends the waits in it with EBADF (K43). */
ROW(bool, close_wakes,                  false,      true,       true,       false,      true)
/* So it does while a duplicate lives, which takes changes from then on and fetches nothing ([M]
 * "close and threads"). */
ROW(bool, close_kills_duplicates,       false,      false,      false,      false,      true)

/* clang-format on */
