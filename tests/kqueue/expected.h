/* SPDX-License-Identifier: MIT */
/*
 * What differs between the systems, as data: the tests are written once and read these rows.
 *
 * A row that nobody observed or read for a system says UNSTATED; the test then leaves the
 * comparison out, or is skipped where nothing else would be left of it. expected.c has a line a
 * row, with a column a system and its source. Rows named ..._fires and the like hold 0, 1 or
 * UNSTATED; rows that name a refusal hold an errno, 0 for success.
 */
#ifndef EXPECTED_H
#define EXPECTED_H

#include <stdbool.h>
#include <stdint.h>

enum { UNSTATED = -1000000, SKIPPED_CHANGE = -1 };

/* What becomes of a receipt for which the event list has no room (K1). */
enum short_list {
    SHORT_STOPS,    /* its change is applied, kevent() returns 0, later changes are not applied */
    SHORT_DROPS,    /* the receipt is dropped, all changes are applied */
    SHORT_OVERRUNS, /* the receipt is written behind the end of the list */
};

/* What EV_ENABLE|EV_DISABLE in one change does (K13). */
enum enable_disable { BOTH_REFUSED, BOTH_ENABLE, BOTH_DISABLE };

/* What EV_ADD|EV_DELETE in one change does. */
enum add_delete { ADD_WINS, DELETE_WINS, DELETE_IF_PRESENT, ADD_DELETE_UNSTATED };

/* When a timeout that cannot be right is refused (rule 11). */
enum refusal { REFUSED_NEVER, REFUSED_AFTER_CHANGES, REFUSED_BEFORE_CHANGES };

/* Data that comes after the own end of receiving. */
enum late_data { IS_READ_EOF, RESETS_CONNECTION };

/* A second end of sending. */
enum second_shutdown { SECOND_IS_NOTHING, SECOND_ENDS_READING, SECOND_REFUSED };

struct expected {
    const char *system;

    /* receipts, refusals, flags of events */
    bool receipt_echoes_flags;
    int receipt_fflags_new;
    int receipt_fflags_known;
    int receipt_fflags_failed;
    enum short_list short_list;
    bool failure_stops_short_list;
    bool event_echoes_add;
    int bit_11_kept;
    int delete_after_close;
    int filter_zero; /* SKIPPED_CHANGE: no receipt at all */
    int filter_aio;
    int first_unknown_filter;
    int filter_minus_14;
    int ident_above_int_max;
    int open_above_limit;
    int not_a_kqueue;
    enum enable_disable enable_disable;
    int event_keeps_enable_disable;
    enum add_delete add_delete_known;
    enum add_delete add_delete_new;
    int flag_0x200;

    /* changes of a knote that exists, EV_CLEAR, EV_DISPATCH, EV_ONESHOT */
    bool enable_sets_udata;
    bool user_keeps_first_udata;
    int flags0_reports_again;
    int enable_of_enabled_reports_again;
    bool clear_overrides_dispatch;
    bool oneshot_rechecked;
    int stale_oneshot_data;
    int stale_oneshot_data_of_pipe;
    int oneshot_beats_dispatch;

    /* the order of events */
    int newest_first;
    int pipe_ends_share_a_list;

    /* pipes */
    int pipe_space;
    int pipe_space_drained;
    int pipe_space_grown;
    int pipe_partial_read_fires;
    int pipe_partial_read_after_eof_fires;
    int pipe_last_read_after_eof_fires;
    int pipe_read_at_end_fires;
    int pipe_read_fires_write;
    int small_read_of_full_pipe_fires;
    int failed_read_fires_write;
    int atomic_write_fires_read;
    int full_write_fires_read;
    bool write_waits_for_half;
    int own_write_fires;
    int level_write_with_some_room;
    int write_without_reader;
    bool reader_close_is_oneshot;
    int reader_close_of_full_pipe_fires;
    int full_pipe_told_if_queued;
    int full_pipe_told_by_add;
    int pipe_data_without_reader;
    int pipe_end_carries_space;
    int pipe_low_water;
    int write_on_read_end_ready;
    int pipe_space_on_read_end;
    int write_on_read_end_follows_writes;
    int write_on_read_end_eof;
    int read_on_write_end_eof;
    int late_read_on_write_end_eof;
    bool wrong_direction_waits_for_eof;
    uint32_t eof_without_data; /* a flag that joins EV_EOF when nothing is unread */

    /* sockets */
    int accept_leaving_some_fires;
    int read_added_before_listen;
    int read_before_listen_data;
    int listener_shutdown;
    int listener_shutdown_event;
    int listener_shutdown_write;
    int udp_overhead;
    int udp_empty;
    int udp_refused;
    int unconnected_udp_writable;
    int unix_datagram_overhead;
    int closed_datagram_peer_event;
    int unix_peer_shut_rd;
    int space_at_eof;
    int tcp_space;
    int unix_space;
    int full_close_repeats;
    int space_at_eof_with_5_sent;
    int accept_passes_nonblock;
    int tcp_space_unconnected;
    int records_are_as_streams;
    int unix_datagram_space;
    bool own_write_is_an_edge;
    int first_of_a_refusal;
    int first_of_a_reset;
    int first_of_a_unix_close;
    int tcp_data_after_own_end;
    int unix_data_after_own_end;
    int second_shutdown;
    int unconnected_shutdown;
    int unconnected_shutdown_ends;
    int unix_small_read_fires;
    int unix_peer_shut_rd_stops;
    int unix_peer_shut_both_is_read_eof;
    int unix_close_repeats_write_eof;
    int unix_read_repeats_write_eof;
    int unaccepted_error;
    int unix_listener_shutdown_ends;
    int reset_before_accept;
    int udp_connect_fires_write;
    int unix_sendto_fires_write;
    int unix_receive_fires_write;
    int datagram_peer_gone_error;
    int datagram_peer_gone_at_touch;
    int udp_shut_rd_is_read_eof;
    int low_water_above_the_buffer_fires;
    int negative_low_water_fires;
    uint32_t eof_hang_up; /* a flag that joins EV_EOF of READ when writing is shut as well */
    int low_water;
    int enable_drops_low_water;
    int note_lowat_lowers;

    /* EVFILT_USER */
    bool trigger_with_clear_fires;
    int trigger_with_clear_cancels;
    bool trigger_in_add_fires;
    int trigger_in_add_fflags;
    int clear_ends_level;
    int fflags_of_add;
    int64_t fflags_of_add_with_copy;
    bool fflags_survive_clear;
    int data_after_enable;
    int add_keeps_trigger;
    int bare_add_keeps_trigger;
    int oneshot_fflags;
    int oneshot_data;
    int user_oneshot_rechecked;
    int user_limit; /* 0: none */

    /* EVFILT_EXCEPT */
    bool except_fires_for_data;
    bool except_without_note_fires;
    bool except_reports_eof;
    bool read_honours_note_oob;
    bool oob_outlasts_recv;
    int oob_data;
    int urgent_fires_read;
    int oob_fires_at_end;
    int oob_inline_fires_both;
    bool enable_drops_note_oob;
    int except_on_pipe;
    int except_on_fifo;
    int level_keeps_note_oob;

    /* FIFOs, files, devices */
    int fifo_eof;
    int fifo_eof_taken_back;
    int fifo_fresh_reads;
    int fifo_write_eof;
    int fifo_full_write_eof;
    int fifo_write_eof_taken_back;
    int fifo_space;
    int fifo_partial_read_fires;
    int fifo_read_fires_write;
    int fifo_small_room_writes;
    int fifo_both_ways;
    int fifo_wrong_direction;
    int file_write_data;
    int directory;
    int null_device;
    int except_on_null_device;
    int pty_fresh_eof;
    int pty_closed_eof;
    int pty_eof_taken_back;
    bool device_loses_edges;

    /* files */
    uint32_t vnode_notes_of_one_name;
    uint32_t vnode_notes_of_last_name;

    /* timeouts */
    enum refusal bad_timeout;
    bool timeout_checked_without_room;
    int nsec_billion;
    int sec_above_int32;
    int sec_int64_max;
    int negative_room;
    bool negative_room_is_unbounded;
    int negative_changes;

    /* kqueue in a kqueue */
    int nested_write;
    int nested_itself;
    int nested_itself_is_silent;
    int nested_cycle;
    int nested_counts;
    int nested_stale;
    int nested_counts_disabled;
    int nested_join_is_edge;
    int nested_put_back_is_edge;
    bool nested_depth_limited;
    bool nested_clear_needs_empty;

    /* closing */
    bool close_wakes_waiter;
    int close_kills_duplicate;
    int close_on_exec;
    int kqueue1_unknown_flag;

    /* hooks of the model */
    int posts_aio;
    int void_internet_identity;
    int void_pipe_identity;
    int recycled_pipe_identity;
    int older_write_without_reader;
    int newer_write_without_reader;

    /* EVFILT_PROC */
    int zombie_error;
    int exit_is_told_unasked;
    bool exit_has_status;

    /* EVFILT_TIMER: errors, and what a timer of no proper time does */
    int timer_zero_error;
    int timer_zero_repeats;
    int timer_negative_error;
    int timer_huge_error;
    int timer_two_units_error;
    int timer_unknown_bit_error;
    int timer_enable_restarts;
    int timer_add_restarts;
};

extern const struct expected expected;

/* The flags of an event of a knote that was added with `added`: all of them, or those that the
 * system keeps. */
uint32_t expected_echo(uint32_t added);

#endif
