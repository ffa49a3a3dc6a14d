/* SPDX-License-Identifier: MIT */
/* The rows of expected.h: one line a difference, one column a system, and where it was seen or
 * read. */
#include "expected.h"

#include <sys/types.h>

#include <errno.h>
#include <sys/event.h>

/* This program is built for one system: that column is taken, the others are dropped. */
#if defined(KQMODEL_FREEBSD) || defined(__FreeBSD__)
#define BY_SYSTEM(freebsd, netbsd, openbsd, dragonfly, macos) freebsd
#elif defined(KQMODEL_NETBSD) || defined(__NetBSD__)
#define BY_SYSTEM(freebsd, netbsd, openbsd, dragonfly, macos) netbsd
#elif defined(KQMODEL_OPENBSD) || defined(__OpenBSD__)
#define BY_SYSTEM(freebsd, netbsd, openbsd, dragonfly, macos) openbsd
#elif defined(KQMODEL_DRAGONFLY) || defined(__DragonFly__)
#define BY_SYSTEM(freebsd, netbsd, openbsd, dragonfly, macos) dragonfly
#elif defined(KQMODEL_MACOS) || defined(__APPLE__)
#define BY_SYSTEM(freebsd, netbsd, openbsd, dragonfly, macos) macos
#else
#error "these tests know FreeBSD, NetBSD, OpenBSD, DragonFly and macOS"
#endif

/* A table: one line a row. */
/* clang-format off */
#define COPY ((int64_t)NOTE_FFCOPY)
enum {
    NONE = UNSTATED,
    TRIGGER = NOTE_TRIGGER,
    NODATA = 0x1000,  /* EV_NODATA of DragonFly */
    HANG_UP = 0x0800, /* its EV_HUP */
};

/*
 * "rule n": the fifteen rules for one code on five kernels. "Kn": the list of kqueue pitfalls. A
 * topic alone: the section of that name in what was observed on FreeBSD 13 and NetBSD 7, read of
 * NetBSD 10, and read from the sources of OpenBSD, DragonFly and XNU.
 */
const struct expected expected = {
    /*                                             FreeBSD                NetBSD                 OpenBSD                 DragonFly       macOS */
    .system =                            BY_SYSTEM("freebsd",             "netbsd",              "openbsd",              "dragonfly",    "macos"),

    /* rule 2, K4: exactly EV_ERROR, or the flags of the change with it */
    .receipt_echoes_flags =              BY_SYSTEM(false,                 false,                 false,                  false,          true),
    /* Receipts: what fflags 3 of a new knote, and NOTE_TRIGGER|3 of a known one, come back as */
    .receipt_fflags_new =                BY_SYSTEM(0,                     0,                     0,                      0,              3),
    .receipt_fflags_known =              BY_SYSTEM(NONE,                  NONE,                  TRIGGER | 3,            3,              TRIGGER | 3),
    .receipt_fflags_failed =             BY_SYSTEM(TRIGGER,               NONE,                  TRIGGER,                TRIGGER,        TRIGGER),
    /* rule 1, K1 */
    .short_list =                        BY_SYSTEM(SHORT_STOPS,           SHORT_STOPS,           SHORT_STOPS,            SHORT_OVERRUNS, SHORT_DROPS),
    .failure_stops_short_list =          BY_SYSTEM(true,                  true,                  true,                   false,          true),
    /* rule 10, K5: EV_ADD and EV_ENABLE stay in the flags of events */
    .event_echoes_add =                  BY_SYSTEM(false,                 true,                  true,                   true,           true),
    /* Receipts: 0x0800 in the flags of a change, a bit of the system or one that means nothing */
    .bit_11_kept =                       BY_SYSTEM(NONE,                  1,                     0,                      0,              NONE),
    /* rule 13, K8 */
    .delete_after_close =                BY_SYSTEM(EBADF,                 EBADF,                 EBADF,                  EBADF,          ENOENT),
    /* K13: NetBSD counts filters from 0, which is EVFILT_READ */
    .filter_zero =                       BY_SYSTEM(SKIPPED_CHANGE,        0,                     EINVAL,                 EINVAL,         EINVAL),
    .filter_aio =                        BY_SYSTEM(NONE,                  EINVAL,                EINVAL,                 ENXIO,          ENOTSUP),
    .first_unknown_filter =              BY_SYSTEM(-14,                   10,                    -11,                    -11,            -19),
    .filter_minus_14 =                   BY_SYSTEM(EINVAL,                NONE,                  EINVAL,                 EINVAL,         ENOTSUP),
    /* Receipts: a number that is no int; an open one above a limit that was lowered since;
       kevent() on a pipe */
    .ident_above_int_max =               BY_SYSTEM(NONE,                  NONE,                  EBADF,                  NONE,           EBADF),
    .open_above_limit =                  BY_SYSTEM(NONE,                  NONE,                  NONE,                   NONE,           EINVAL),
    .not_a_kqueue =                      BY_SYSTEM(EBADF,                 NONE,                  EBADF,                  EBADF,          EBADF),
    .enable_disable =                    BY_SYSTEM(BOTH_REFUSED,          BOTH_ENABLE,           BOTH_ENABLE,            BOTH_ENABLE,    BOTH_DISABLE),
    .event_keeps_enable_disable =        BY_SYSTEM(NONE,                  NONE,                  NONE,                   1,              NONE),
    .add_delete_known =                  BY_SYSTEM(DELETE_IF_PRESENT,     DELETE_IF_PRESENT,     ADD_WINS,               ADD_WINS,       DELETE_WINS),
    .add_delete_new =                    BY_SYSTEM(DELETE_IF_PRESENT,     ADD_DELETE_UNSTATED,   ADD_WINS,               ADD_WINS,       DELETE_WINS),
    /* K18: EV_VANISHED of macOS, EV_KEEPUDATA of FreeBSD 14, and nothing elsewhere */
    .flag_0x200 =                        BY_SYSTEM(NONE,                  0,                     0,                      0,              EINVAL),

    /* K7, rule 4: a change without EV_ADD replaces the token, too */
    .enable_sets_udata =                 BY_SYSTEM(true,                  true,                  false,                  true,           true),
    .user_keeps_first_udata =            BY_SYSTEM(false,                 false,                 false,                  true,           false),
    /* EV_CLEAR: a change without any flag runs the filter again */
    .flags0_reports_again =              BY_SYSTEM(NONE,                  1,                     0,                      1,              1),
    .enable_of_enabled_reports_again =   BY_SYSTEM(1,                     1,                     0,                      1,              1),
    /* rule 6 */
    .clear_overrides_dispatch =          BY_SYSTEM(false,                 true,                  false,                  false,          false),
    /* K38 */
    .oneshot_rechecked =                 BY_SYSTEM(false,                 false,                 false,                  false,          true),
    /* K38: 4 bytes came and were read: what the event of a queued one-shot says */
    .stale_oneshot_data =                BY_SYSTEM(4,                     NONE,                  4,                      4,              NONE),
    .stale_oneshot_data_of_pipe =        BY_SYSTEM(NONE,                  NONE,                  0,                      4,              NONE),
    .oneshot_beats_dispatch =            BY_SYSTEM(NONE,                  NONE,                  NONE,                   1,              NONE),

    /* READ and WRITE in one call */
    .newest_first =                      BY_SYSTEM(NONE,                  NONE,                  NONE,                   NONE,           1),
    .pipe_ends_share_a_list =            BY_SYSTEM(NONE,                  NONE,                  NONE,                   NONE,           1),

    /* Pipes: free bytes of a fresh one, and of one that was full and is drained */
    .pipe_space =                        BY_SYSTEM(NONE,                  16384,                 16384,                  32768,          16384),
    .pipe_space_drained =                BY_SYSTEM(NONE,                  16384,                 16384,                  32768,          65536),
    /* the same of one that was given 70,000 bytes at once */
    .pipe_space_grown =                  BY_SYSTEM(NONE,                  NONE,                  65536,                  NONE,           65536),
    /* rule 12 */
    .pipe_partial_read_fires =           BY_SYSTEM(1,                     1,                     1,                      0,              1),
    .pipe_partial_read_after_eof_fires = BY_SYSTEM(1,                     1,                     1,                      0,              1),
    .pipe_last_read_after_eof_fires =    BY_SYSTEM(NONE,                  1,                     1,                      0,              1),
    .pipe_read_at_end_fires =            BY_SYSTEM(NONE,                  NONE,                  1,                      0,              1),
    /* K37 */
    .pipe_read_fires_write =             BY_SYSTEM(1,                     1,                     1,                      1,              1),
    /* Pipes: READ again only while 512 bytes are free, or while any is; a read that gives EAGAIN */
    .small_read_of_full_pipe_fires =     BY_SYSTEM(0,                     NONE,                  0,                      0,              1),
    .failed_read_fires_write =           BY_SYSTEM(0,                     NONE,                  1,                      0,              1),
    /* READ again after a write that gives EAGAIN: it must not be split, or the pipe is full */
    .atomic_write_fires_read =           BY_SYSTEM(NONE,                  NONE,                  1,                      1,              1),
    .full_write_fires_read =             BY_SYSTEM(NONE,                  NONE,                  1,                      0,              1),
    .write_waits_for_half =              BY_SYSTEM(false,                 false,                 false,                  true,           false),
    .own_write_fires =                   BY_SYSTEM(NONE,                  1,                     1,                      0,              1),
    /* level WRITE that found the pipe full, when a quarter is free */
    .level_write_with_some_room =        BY_SYSTEM(1,                     NONE,                  1,                      0,              1),
    /* rule 9, K9 */
    .write_without_reader =              BY_SYSTEM(EPIPE,                 EBADF,                 0,                      EPIPE,          0),
    .reader_close_is_oneshot =           BY_SYSTEM(true,                  false,                 false,                  false,          false),
    .reader_close_of_full_pipe_fires =   BY_SYSTEM(NONE,                  0,                     0,                      1,              NONE),
    /* the same when the knote is queued, and when it is added again afterwards */
    .full_pipe_told_if_queued =          BY_SYSTEM(NONE,                  NONE,                  1,                      1,              NONE),
    .full_pipe_told_by_add =             BY_SYSTEM(NONE,                  NONE,                  1,                      1,              NONE),
    .pipe_data_without_reader =          BY_SYSTEM(NONE,                  0,                     0,                      0,              0),
    .pipe_end_carries_space =            BY_SYSTEM(1,                     0,                     0,                      0,              0),
    /* K36 on a pipe */
    .pipe_low_water =                    BY_SYSTEM(0,                     0,                     NONE,                   0,              1),
    /* K24 */
    .write_on_read_end_ready =           BY_SYSTEM(1,                     NONE,                  1,                      1,              0),
    .pipe_space_on_read_end =            BY_SYSTEM(4096,                  NONE,                  16384,                  32768,          NONE),
    .write_on_read_end_follows_writes =  BY_SYSTEM(0,                     NONE,                  0,                      1,              0),
    .write_on_read_end_eof =             BY_SYSTEM(NONE,                  NONE,                  1,                      NONE,           1),
    .read_on_write_end_eof =             BY_SYSTEM(NONE,                  NONE,                  1,                      1,              1),
    .late_read_on_write_end_eof =        BY_SYSTEM(NONE,                  NONE,                  NONE,                   1,              NONE),
    .wrong_direction_waits_for_eof =     BY_SYSTEM(false,                 false,                 false,                  false,          true),
    /* rule 10 */
    .eof_without_data =                  BY_SYSTEM(0,                     0,                     0,                      NODATA,         0),

    /* rule 12 */
    .accept_leaving_some_fires =         BY_SYSTEM(1,                     NONE,                  1,                      1,              0),
    /* Listener: NetBSD picks the filter at the ADD; DragonFly too, and then counts bytes */
    .read_added_before_listen =          BY_SYSTEM(1,                     0,                     1,                      1,              1),
    .read_before_listen_data =           BY_SYSTEM(1,                     NONE,                  1,                      0,              1),
    .listener_shutdown =                 BY_SYSTEM(NONE,                  NONE,                  0,                      NONE,              ENOTCONN),
    .listener_shutdown_event =           BY_SYSTEM(1,                     NONE,                  0,                      0,              0),
    .listener_shutdown_write =           BY_SYSTEM(NONE,                  NONE,                  1,                      NONE,           0),
    /* UDP: bytes counted beside the payload of each datagram; the data of an empty one */
    .udp_overhead =                      BY_SYSTEM(0,                     16,                    16,                     16,             0),
    .udp_empty =                         BY_SYSTEM(0,                     NONE,                  16,                     16,             0),
    .udp_refused =                       BY_SYSTEM(1,                     NONE,                  1,                      1,              1),
    .unconnected_udp_writable =          BY_SYSTEM(NONE,                  NONE,                  1,                      1,              1),
    .unix_datagram_overhead =            BY_SYSTEM(NONE,                  2,                     16,                     16,             NONE),
    .closed_datagram_peer_event =        BY_SYSTEM(NONE,                  0,                     0,                      0,              0),
    /* EOF and errors */
    .unix_peer_shut_rd =                 BY_SYSTEM(0,                     NONE,                  0,                      0,              0),
    .space_at_eof =                      BY_SYSTEM(NONE,                  4096,                  32768,                  65536,          8192),
    /* free bytes of a fresh socket */
    .tcp_space =                         BY_SYSTEM(NONE,                  32768,                 32716,                  57344,          NONE),
    .unix_space =                        BY_SYSTEM(NONE,                  4096,                  32768,                  65536,          8192),
    /* both ends of TCP have ended: each is told once more */
    .full_close_repeats =                BY_SYSTEM(NONE,                  NONE,                  1,                      1,              1),
    .space_at_eof_with_5_sent =          BY_SYSTEM(NONE,                  NONE,                  NONE,                   NONE,           8187),
    /* accept() passes O_NONBLOCK on */
    .accept_passes_nonblock =            BY_SYSTEM(NONE,                  1,                     NONE,                   1,              1),
    .tcp_space_unconnected =             BY_SYSTEM(NONE,                  NONE,                  16384,                  NONE,           2048),
    .records_are_as_streams =            BY_SYSTEM(NONE,                  NONE,                  1,                      1,              NONE),
    .unix_datagram_space =               BY_SYSTEM(NONE,                  NONE,                  8192,                   65536,          2048),
    /* an own write to TCP is a WRITE edge at once, besides its acknowledgement */
    .own_write_is_an_edge =              BY_SYSTEM(false,                 false,                 false,                  true,           false),
    /* the filter whose EOF comes first when both directions end at once */
    .first_of_a_refusal =                BY_SYSTEM(NONE,                  NONE,                  EVFILT_WRITE,           NONE,           EVFILT_WRITE),
    .first_of_a_reset =                  BY_SYSTEM(NONE,                  NONE,                  EVFILT_WRITE,           NONE,           EVFILT_READ),
    .first_of_a_unix_close =             BY_SYSTEM(NONE,                  NONE,                  EVFILT_WRITE,           EVFILT_WRITE,   NONE),
    /* data after the own end of receiving */
    .tcp_data_after_own_end =            BY_SYSTEM(NONE,                  NONE,                  IS_READ_EOF,            IS_READ_EOF,    RESETS_CONNECTION),
    .unix_data_after_own_end =           BY_SYSTEM(NONE,                  NONE,                  IS_READ_EOF,            IS_READ_EOF,    NONE),
    /* shutdown(SHUT_WR) again, once the peer has acknowledged the first; of what was never
     * connected */
    .second_shutdown =                   BY_SYSTEM(SECOND_ENDS_READING,   SECOND_ENDS_READING,   SECOND_IS_NOTHING,      SECOND_ENDS_READING,SECOND_REFUSED),
    .unconnected_shutdown =              BY_SYSTEM(NONE,                  NONE,                  0,                      0,              NONE),
    .unconnected_shutdown_ends =         BY_SYSTEM(NONE,                  NONE,                  1,                      NONE,           NONE),
    /* the peer of a full Unix stream reads 100 bytes, then 412 */
    .unix_small_read_fires =             BY_SYSTEM(0,                     0,                     0,                      1,              0),
    /* the peer's end of receiving: WRITE is not ready any more */
    .unix_peer_shut_rd_stops =           BY_SYSTEM(0,                     NONE,                  0,                      0,              1),
    .unix_peer_shut_both_is_read_eof =   BY_SYSTEM(1,                     1,                     1,                      NONE,           1),
    /* WRITE EOF of the own end comes again: when the peer closes, when it reads */
    .unix_close_repeats_write_eof =      BY_SYSTEM(NONE,                  NONE,                  1,                      1,              1),
    .unix_read_repeats_write_eof =       BY_SYSTEM(NONE,                  NONE,                  NONE,                   1,              1),
    /* fflags of a Unix client whose listener closed before it accepted */
    .unaccepted_error =                  BY_SYSTEM(ECONNRESET,            NONE,                  0,                      NONE,           NONE),
    /* READ again while connections wait, and WRITE EOF */
    .unix_listener_shutdown_ends =       BY_SYSTEM(NONE,                  NONE,                  1,                      NONE,           NONE),
    /* accept() of a connection that was reset */
    .reset_before_accept =               BY_SYSTEM(NONE,                  NONE,                  ECONNABORTED,           0,              0),
    /* WRITE edges of datagram sockets that had room all the time */
    .udp_connect_fires_write =           BY_SYSTEM(NONE,                  NONE,                  1,                      NONE,           NONE),
    .unix_sendto_fires_write =           BY_SYSTEM(1,                     1,                     1,                      0,              1),
    .unix_receive_fires_write =          BY_SYSTEM(NONE,                  NONE,                  0,                      0,              1),
    /* write() after the peer of a Unix datagram socket closed; a touch before it */
    .datagram_peer_gone_error =          BY_SYSTEM(NONE,                  NONE,                  ECONNRESET,             ECONNRESET,     ECONNRESET),
    .datagram_peer_gone_at_touch =       BY_SYSTEM(NONE,                  NONE,                  NONE,                   NONE,           1),
    /* with a datagram unread, which is flushed */
    .udp_shut_rd_is_read_eof =           BY_SYSTEM(NONE,                  NONE,                  NONE,                   NONE,           1),
    /* NOTE_LOWAT beyond the whole buffer; below 0 */
    .low_water_above_the_buffer_fires =  BY_SYSTEM(NONE,                  NONE,                  0,                      0,              1),
    .negative_low_water_fires =          BY_SYSTEM(1,                     NONE,                  NONE,                   NONE,           NONE),
    .eof_hang_up =                       BY_SYSTEM(0,                     0,                     0,                      HANG_UP,        0),
    /* K36 */
    .low_water =                         BY_SYSTEM(1,                     NONE,                  1,                      1,              1),
    .enable_drops_low_water =            BY_SYSTEM(NONE,                  1,                     0,                      1,              1),
    .note_lowat_lowers =                 BY_SYSTEM(NONE,                  NONE,                  1,                      NONE,           0),

    /* rule 7, K28 */
    .trigger_with_clear_fires =          BY_SYSTEM(false,                 false,                 false,                  false,          true),
    .trigger_with_clear_cancels =        BY_SYSTEM(1,                     NONE,                  1,                      1,              0),
    .trigger_in_add_fires =              BY_SYSTEM(false,                 false,                 true,                   true,           true),
    .trigger_in_add_fflags =             BY_SYSTEM(NONE,                  NONE,                  0,                      0,              TRIGGER),
    .clear_ends_level =                  BY_SYSTEM(1,                     NONE,                  1,                      1,              0),
    /* EVFILT_USER */
    /* fflags 3 of the ADD, seen in the event of a plain trigger */
    .fflags_of_add =                     BY_SYSTEM(3,                     3,                     3,                      0,              3),
    /* the same with NOTE_FFCOPY, which only some look at in an ADD */
    .fflags_of_add_with_copy =           BY_SYSTEM(COPY | 3,              COPY | 3,              3,                      3,              COPY | 3),
    .fflags_survive_clear =              BY_SYSTEM(true,                  true,                  true,                   false,          true),
    .data_after_enable =                 BY_SYSTEM(NONE,                  NONE,                  0,                      0,              0),
    .add_keeps_trigger =                 BY_SYSTEM(NONE,                  NONE,                  0,                      0,              1),
    .bare_add_keeps_trigger =            BY_SYSTEM(NONE,                  NONE,                  1,                      1,              1),
    .oneshot_fflags =                    BY_SYSTEM(0,                     5,                     5,                      NONE,           5),
    .oneshot_data =                      BY_SYSTEM(0,                     9,                     9,                      NONE,           9),
    .user_oneshot_rechecked =            BY_SYSTEM(0,                     0,                     1,                      0,              NONE),
    .user_limit =                        BY_SYSTEM(0,                     0,                     1024,                   0,              0),

    /* rule 8, K35 */
    .except_fires_for_data =             BY_SYSTEM(false,                 false,                 false,                  false,          true),
    .except_without_note_fires =         BY_SYSTEM(false,                 false,                 false,                  true,           true),
    .except_reports_eof =                BY_SYSTEM(false,                 false,                 false,                  false,          true),
    .read_honours_note_oob =             BY_SYSTEM(false,                 false,                 false,                  true,           true),
    /* recv(MSG_OOB) at the mark: the condition lasts; data of the event */
    .oob_outlasts_recv =                 BY_SYSTEM(false,                 false,                 true,                   true,           false),
    .oob_data =                          BY_SYSTEM(NONE,                  NONE,                  NONE,                   0,              NONE),
    /* urgent data while ordinary data is unread */
    .urgent_fires_read =                 BY_SYSTEM(NONE,                  NONE,                  1,                      1,              NONE),
    .oob_fires_at_end =                  BY_SYSTEM(NONE,                  NONE,                  1,                      NONE,           NONE),
    .oob_inline_fires_both =             BY_SYSTEM(NONE,                  NONE,                  1,                      NONE,           NONE),
    .enable_drops_note_oob =             BY_SYSTEM(false,                 false,                 false,                  true,           true),
    .except_on_pipe =                    BY_SYSTEM(EINVAL,                EINVAL,                EINVAL,                 EOPNOTSUPP,     EINVAL),
    .except_on_fifo =                    BY_SYSTEM(NONE,                  NONE,                  EINVAL,                 EOPNOTSUPP,     NONE),
    /* the note stays in fflags although the mark is passed */
    .level_keeps_note_oob =              BY_SYSTEM(NONE,                  NONE,                  NONE,                   NONE,           1),

    /* K21, K24, K22, K20 */
    .fifo_eof =                          BY_SYSTEM(1,                     NONE,                  1,                      1,              0),
    .fifo_eof_taken_back =               BY_SYSTEM(1,                     NONE,                  1,                      1,              0),
    /* READ before there ever was a writer */
    .fifo_fresh_reads =                  BY_SYSTEM(0,                     NONE,                  0,                      NONE,           0),
    /* the last reader leaves: EOF of WRITE, of a full FIFO too, and the knote stays */
    .fifo_write_eof =                    BY_SYSTEM(1,                     NONE,                  1,                      NONE,           0),
    .fifo_full_write_eof =               BY_SYSTEM(NONE,                  NONE,                  1,                      NONE,           0),
    .fifo_write_eof_taken_back =         BY_SYSTEM(NONE,                  NONE,                  1,                      NONE,           0),
    .fifo_space =                        BY_SYSTEM(NONE,                  NONE,                  32768,                  NONE,           8192),
    .fifo_partial_read_fires =           BY_SYSTEM(NONE,                  NONE,                  0,                      NONE,           1),
    .fifo_read_fires_write =             BY_SYSTEM(NONE,                  NONE,                  1,                      NONE,           1),
    /* WRITE with 100 bytes free */
    .fifo_small_room_writes =            BY_SYSTEM(NONE,                  NONE,                  0,                      NONE,           1),
    /* opened with O_RDWR, both filters work */
    .fifo_both_ways =                    BY_SYSTEM(NONE,                  NONE,                  1,                      NONE,           NONE),
    .fifo_wrong_direction =              BY_SYSTEM(NONE,                  NONE,                  EINVAL,                 0,              0),
    .file_write_data =                   BY_SYSTEM(NONE,                  NONE,                  0,                      0,              1),
    .directory =                         BY_SYSTEM(NONE,                  NONE,                  NONE,                   NONE,           EINVAL),
    .null_device =                       BY_SYSTEM(NONE,                  NONE,                  0,                      NONE,           EINVAL),
    .except_on_null_device =             BY_SYSTEM(NONE,                  NONE,                  EINVAL,                 NONE,           NONE),
    /* the master of a pty: its slave was never there, has closed, is there again (pty.c, ptmx.c) */
    .pty_fresh_eof =                     BY_SYSTEM(0,                     0,                     1,                      NONE,           1),
    .pty_closed_eof =                    BY_SYSTEM(1,                     0,                     1,                      NONE,           1),
    .pty_eof_taken_back =                BY_SYSTEM(0,                     NONE,                  1,                      NONE,           0),
    /* a device of the filter that needs NOTE_LOWAT is unhooked by EV_CLEAR */
    .device_loses_edges =                BY_SYSTEM(false,                 false,                 false,                  false,          true),

    /* rule 11, K40 */
    .bad_timeout =                       BY_SYSTEM(REFUSED_AFTER_CHANGES, REFUSED_AFTER_CHANGES, REFUSED_BEFORE_CHANGES, REFUSED_NEVER,  REFUSED_BEFORE_CHANGES),
    .timeout_checked_without_room =      BY_SYSTEM(false,                 false,                 true,                   false,          true),
    .nsec_billion =                      BY_SYSTEM(EINVAL,                EINVAL,                EINVAL,                 0,              0),
    .sec_above_int32 =                   BY_SYSTEM(0,                     NONE,                  0,                      0,              EINVAL),
    .sec_int64_max =                     BY_SYSTEM(0,                     NONE,                  0,                      0,              EINVAL),
    /* K14: FreeBSD 13 hangs, NetBSD's counts have no sign */
    .negative_room =                     BY_SYSTEM(NONE,                  NONE,                  0,                      0,              0),
    .negative_room_is_unbounded =        BY_SYSTEM(false,                 false,                 true,                   true,           false),
    .negative_changes =                  BY_SYSTEM(0,                     NONE,                  0,                      NONE,           0),

    /* kqueue in a kqueue, K25 */
    .nested_write =                      BY_SYSTEM(EINVAL,                EINVAL,                EINVAL,                 EOPNOTSUPP,     EINVAL),
    .nested_itself =                     BY_SYSTEM(EINVAL,                NONE,                  0,                      0,              EINVAL),
    .nested_itself_is_silent =           BY_SYSTEM(NONE,                  NONE,                  NONE,                   1,              NONE),
    .nested_cycle =                      BY_SYSTEM(0,                     NONE,                  0,                      0,              EINVAL),
    .nested_counts =                     BY_SYSTEM(1,                     NONE,                  1,                      1,              1),
    .nested_stale =                      BY_SYSTEM(1,                     NONE,                  1,                      1,              1),
    .nested_counts_disabled =            BY_SYSTEM(NONE,                  NONE,                  1,                      1,              NONE),
    .nested_join_is_edge =               BY_SYSTEM(NONE,                  NONE,                  1,                      NONE,           0),
    .nested_put_back_is_edge =           BY_SYSTEM(NONE,                  NONE,                  1,                      NONE,           1),
    .nested_depth_limited =              BY_SYSTEM(false,                 false,                 false,                  false,          true),
    .nested_clear_needs_empty =          BY_SYSTEM(false,                 false,                 false,                  false,          true),

    /* K51: a name that is removed while there is another, and the last one */
    .vnode_notes_of_one_name =           BY_SYSTEM(NOTE_DELETE,           NOTE_LINK,             NOTE_DELETE,            NOTE_DELETE,    NOTE_DELETE | NOTE_LINK),
    .vnode_notes_of_last_name =          BY_SYSTEM(NOTE_DELETE,           NOTE_DELETE,           NOTE_DELETE,            NOTE_DELETE,    NOTE_DELETE | NOTE_LINK),

    /* rule 14, K43 */
    .close_wakes_waiter =                BY_SYSTEM(false,                 true,                  true,                   false,          true),
    .close_kills_duplicate =             BY_SYSTEM(NONE,                  NONE,                  0,                      NONE,           1),
    /* K45, K46 */
    .close_on_exec =                     BY_SYSTEM(NONE,                  NONE,                  0,                      0,              1),
    .kqueue1_unknown_flag =              BY_SYSTEM(NONE,                  0,                     EINVAL,                 NONE,           NONE),

    /* AIO on the systems whose aio(4) posts to a kqueue; K9 of kernels before and after the
       flavour's own */
    .posts_aio =                         BY_SYSTEM(1,                     0,                     0,                      0,              NONE),
    /* what fstat() says, which a library would tell files apart by */
    .void_internet_identity =            BY_SYSTEM(1,                     1,                     1,                      0,              1),
    .void_pipe_identity =                BY_SYSTEM(0,                     1,                     1,                      0,              0),
    .recycled_pipe_identity =            BY_SYSTEM(0,                     0,                     0,                      1,              0),
    .older_write_without_reader =        BY_SYSTEM(EPIPE,                 EBADF,                 EPIPE,                  EPIPE,          EPIPE),
    .newer_write_without_reader =        BY_SYSTEM(EPIPE,                 0,                     0,                      EPIPE,          0),

    /* K49, PROC: a zombie is refused; the end comes unasked; its event has the status */
    .zombie_error =                      BY_SYSTEM(0,                     ESRCH,                 ESRCH,                  0,              ESRCH),
    .exit_is_told_unasked =              BY_SYSTEM(0,                     1,                     1,                      1,              0),
    .exit_has_status =                   BY_SYSTEM(true,                  true,                  true,                   true,           false),

    /* Timers; SECONDS|USECONDS is a unit of its own where units are numbers */
    .timer_zero_error =                  BY_SYSTEM(0,                     EINVAL,                0,                      0,              0),
    .timer_zero_repeats =                BY_SYSTEM(1,                     NONE,                  1,                      1,              0),
    .timer_negative_error =              BY_SYSTEM(EINVAL,                NONE,                  0,                      0,              0),
    .timer_huge_error =                  BY_SYSTEM(0,                     NONE,                  0,                      0,              ERANGE),
    .timer_two_units_error =             BY_SYSTEM(EINVAL,                0,                     0,                      0,              EINVAL),
    .timer_unknown_bit_error =           BY_SYSTEM(EINVAL,                EINVAL,                EINVAL,                 0,              0),
    .timer_enable_restarts =             BY_SYSTEM(0,                     0,                     0,                      0,              1),
    .timer_add_restarts =                BY_SYSTEM(1,                     1,                     1,                      0,              1),
};
/* clang-format on */

uint32_t expected_echo(uint32_t added)
{
    uint32_t registration = EV_ADD | EV_DELETE | EV_ENABLE | EV_DISABLE;
    return expected.event_echoes_add ? added : added & ~registration;
}
