/* SPDX-License-Identifier: MIT */
/*
 * What the headers say of failures inside the library. The rule is that the kernel's error is
 * passed on; these are the exceptions, the first that fits counts.
 */
#define _GNU_SOURCE

#include "documented.h"

#include <mio/platform.h>

#include <errno.h>
#include <fnmatch.h>
#include <stddef.h>

static const struct rule rules[] = {
    /* --- closing --- */
    {CALL_close, 0, "mio_poll_free(*", TOLD, 0, "options.h: the log is told"},
    {CALL_close, 0, "mio_waker_free(*", TOLD, 0, "options.h: the log is told"},
    {CALL_close, 0, "mio_post_queue_free(*", TOLD, 0, "options.h: the log is told"},
    {CALL_close, 0, "mio_watch_free(*", TOLD, 0, "options.h: the log is told"},
    {CALL_close, 0, "mio_watch_remove(*", TOLD, 0, "options.h: the log is told"},
    {CALL_close, 0, "mio_watch_next(*", TOLD, 0, "options.h: the log is told"},
    {CALL_close, 0, "mio_registry_free(*", TOLD, 0, "options.h: the log is told"},
    {CALL_close, 0, "mio_*_close(*", CLOSED, 0, "source.h: empty, whatever happened"},
    {CALL_close, 0, NULL, ABSORBED, 0, "after an error that is told already"},
    {CALL_epoll_ctl_del, 0, "mio_watch_free(*", ABSORBED, 0, "the descriptor is gone next"},
    {CALL_kevent_change, 0, "mio_watch_free(*", ABSORBED, 0, "the descriptor is gone next"},
    {CALL_fstat, 0, "mio_watch_free(*", ABSORBED, 0, "the descriptor is gone next"},
    {CALL_fcntl_getfd, 0, "mio_watch_free(*", ABSORBED, 0, "the descriptor is gone next"},
    {CALL_epoll_ctl_del, 0, "mio_*_close(*", ABSORBED, 0, "the descriptor is gone next"},
    {CALL_kevent_change, 0, "mio_*_close(*", ABSORBED, 0, "the descriptor is gone next"},
    {CALL_fstat, 0, "mio_*_close(*", ABSORBED, 0, "the descriptor is gone next"},
    {CALL_fcntl_getfd, 0, "mio_*_close(*", ABSORBED, 0, "the descriptor is gone next"},

    /* --- signals: io.h, docs/contract.md REG4 and WAIT4 --- */
    {CALL_read, EAGAIN, "mio_watch_next(*", FORGIVEN, 0, "watch.h: nothing more"},
    {CALL_read, EINTR, NULL, ABSORBED, 0, "io.h: made again"},
    {CALL_readv, EINTR, NULL, ABSORBED, 0, "io.h: made again"},
    {CALL_write, EINTR, NULL, ABSORBED, 0, "made again"},
    {CALL_writev, EINTR, NULL, ABSORBED, 0, "io.h: made again"},
    {CALL_pwritev2, EINTR, NULL, ABSORBED, 0, "io.h: made again"},
    {CALL_recvfrom, EINTR, NULL, ABSORBED, 0, "io.h: made again"},
    {CALL_recvmsg, EINTR, NULL, ABSORBED, 0, "io.h: made again"},
    {CALL_sendto, EINTR, NULL, ABSORBED, 0, "io.h: made again"},
    {CALL_sendmsg, EINTR, NULL, ABSORBED, 0, "io.h: made again"},
    {CALL_recvmmsg, EINTR, NULL, ABSORBED, 0, "io.h: made again"},
    {CALL_sendmmsg, EINTR, NULL, ABSORBED, 0, "io.h: made again"},
    {CALL_sendfile, EINTR, NULL, ABSORBED, 0, "io.h: made again"},
    {CALL_pread, EINTR, NULL, ABSORBED, 0, "io.h: made again"},
    {CALL_accept, EINTR, NULL, ABSORBED, 0, "io.h: made again"},
    {CALL_accept4, EINTR, NULL, ABSORBED, 0, "io.h: made again"},
    {CALL_connect, EINTR, NULL, ABSORBED, 0, "tcp.h: the connection is being made"},
    {CALL_connect, EINPROGRESS, NULL, ABSORBED, 0, "tcp.h: the connection is being made"},
    {CALL_kevent_change, EINTR, "mio_registry_deregister(*", FORGIVEN, 0,
     "of an unknown descriptor: it may have been deleted before the signal"},
    {CALL_kevent_change, EINTR, "mio_registry_reregister(*", FORGIVEN, 0, "the same"},
    {CALL_kevent_change, EINTR, "mio_kqueue_register(*", FORGIVEN, 0, "the same"},
    {CALL_kevent_change, EINTR, NULL, ABSORBED, 0, "REG4: made all the same"},
    {CALL_kevent_user_add, EINTR, NULL, ABSORBED, 0, "REG4: made all the same"},
    {CALL_kevent_user_trigger, EINTR, NULL, ABSORBED, 0, "made all the same"},
    {CALL_sigtimedwait, EINTR, NULL, ABSORBED, 0, "made again"},

    /* --- files --- */
    {CALL_inotify_init1, ENOSYS, NULL, BECOMES, ENOTSUP, "watch.h: nothing tells of files"},
    {CALL_inotify_rm_watch, 0, "mio_watch_remove(*", ABSORBED, 0, "it may have ended by itself"},
    {CALL_fstat, 0, "mio_watch_next(*", ABSORBED, 0, "what the kernel noted is told"},

    /* --- signals: signal.h --- */
    {CALL_sigaction, 0, "mio_signals_remove(*", ABSORBED, 0, "the handler stays, and calls nobody"},
    {CALL_sigaction, 0, "mio_signals_free(*", ABSORBED, 0, "the handler stays, and calls nobody"},
    {CALL_sigaction, 0, "mio_process_close(*", ABSORBED, 0, "the handler stays, and calls nobody"},

    /* --- processes: process.h --- */
    {CALL_pidfd_open, ENOSYS, NULL, ABSORBED, 0, "watched by SIGCHLD"},
    {CALL_pidfd_open, EPERM, NULL, ABSORBED, 0, "watched by SIGCHLD"},
    {CALL_pidfd_open, ESRCH, NULL, ABSORBED, 0, "a child is there: watched by SIGCHLD"},
    {CALL_pidfd_open, EINVAL, NULL, ABSORBED, 0, "a child is there: watched by SIGCHLD"},
    {CALL_kevent_process, ESRCH, NULL, ABSORBED, 0, "a zombie: watched by SIGCHLD"},
    {CALL_kevent_process, EINTR, NULL, ABSORBED, 0, "made again"},
    {CALL_pidfd_send_signal, ENOSYS, NULL, ABSORBED, 0, "sent by its number"},
    {CALL_waitid_pid, EINTR, NULL, ABSORBED, 0, "made again"},
    {CALL_waitid_pidfd, EINTR, NULL, ABSORBED, 0, "made again"},
    {CALL_waitid_pidfd, EINVAL, NULL, ABSORBED, 0, "waited for by its number"},
    {CALL_poll, 0, "mio_process_*", ABSORBED, 0, "asked without sleeping"},

    /* --- waits --- */
    {CALL_epoll_pwait, EINTR, "mio_poll_wait_until(*", ABSORBED, 0, "poll.h: never -EINTR"},
    {CALL_epoll_pwait2, EINTR, "mio_poll_wait_until(*", ABSORBED, 0, "poll.h: never -EINTR"},
    {CALL_poll, EINTR, "mio_poll_wait_until(*", ABSORBED, 0, "poll.h: never -EINTR"},
    {CALL_ppoll, EINTR, "mio_poll_wait_until(*", ABSORBED, 0, "poll.h: never -EINTR"},
    {CALL_kevent_wait, EINTR, "mio_watch_next(*", ABSORBED, 0, "made again"},
    {CALL_kevent_wait, EINTR, "mio_poll_wait_until(*", ABSORBED, 0, "poll.h: never -EINTR"},
    {CALL_epoll_pwait2, ENOSYS, NULL, ABSORBED, 0, "poll.h: rounded up to milliseconds"},
    {CALL_epoll_pwait2, EPERM, NULL, ABSORBED, 0, "poll.h: rounded up to milliseconds"},
    {CALL_epoll_pwait2, EACCES, NULL, ABSORBED, 0, "poll.h: rounded up to milliseconds"},
    {CALL_epoll_pwait2, EOPNOTSUPP, NULL, ABSORBED, 0, "poll.h: rounded up to milliseconds"},
    {CALL_poll, EAGAIN, NULL, ABSORBED, 0, "short of memory for a moment"},
    {CALL_ppoll, EAGAIN, NULL, ABSORBED, 0, "short of memory for a moment"},
    {CALL_poll, EINVAL, NULL, ABSORBED, 0, "too many at once: asked in parts"},
    {CALL_ppoll, EINVAL, NULL, ABSORBED, 0, "too many at once: asked in parts"},
    {CALL_epoll_pwait, 0, "mio_poll_wait*", UNLESS_EVENTS, 0, "wakes are handed over"},
    {CALL_epoll_pwait2, 0, "mio_poll_wait*", UNLESS_EVENTS, 0, "wakes are handed over"},
    {CALL_poll, 0, "mio_poll_wait(loop->poll, loop->events, 0)", EITHER, 0,
     "asked again about one descriptor; the next wait looks at it"},
    {CALL_poll, 0, "mio_poll_wait*", UNLESS_EVENTS, 0, "wakes are handed over"},
    {CALL_poll, 0, NULL, ABSORBED, 0, "whether an error is over: the next wait looks"},
    {CALL_ppoll, 0, "mio_poll_wait*", UNLESS_EVENTS, 0, "wakes are handed over"},
    {CALL_kevent_wait, 0, "mio_poll_wait*", UNLESS_EVENTS, 0, "wakes are handed over"},
    {CALL_kevent_change, 0, "mio_poll_wait*", ABSORBED, 0, "silencing a fired one-shot"},

    /* --- doorbells --- */
    {CALL_eventfd_read, 0, "mio_poll_wait*", ABSORBED, 0, "it is still readable"},
    {CALL_read, 0, "mio_poll_wait*", ABSORBED, 0, "it is still readable"},
    {CALL_write, EAGAIN, NULL, ABSORBED, 0, "emptied, and rung again"},
    {CALL_eventfd_write, 0, "mio_poll_wait*", TOLD, 0, "WAKE1: the next wake rings"},
    {CALL_write, 0, "mio_poll_wait*", TOLD, 0, "WAKE1: the next wake rings"},
    {CALL_kevent_user_trigger, 0, "mio_poll_wait*", TOLD, 0, "WAKE1: the next wake rings"},
    {CALL_eventfd_write, 0, "mio_*deregister(*", ABSORBED, 0, "registry.h: stopped watching"},
    {CALL_write, 0, "mio_*deregister(*", ABSORBED, 0, "registry.h: stopped watching"},
    {CALL_eventfd_write, 0, "mio_*_close(*", ABSORBED, 0, "source.h: empty, whatever happened"},
    {CALL_write, 0, "mio_*_close(*", ABSORBED, 0, "source.h: empty, whatever happened"},
    {CALL_kevent_user_add, 0, "mio_kqueue_register(*", PASSED_ON, 0, "kqueue.h: the refusal"},
    {CALL_kevent_user_add, 0, NULL, ABSORBED, 0, "WAKE4: a pipe serves"},
    {CALL_eventfd, EINVAL, NULL, ABSORBED, 0, "WAKE4: a pipe serves"},
    {CALL_eventfd, ENODEV, NULL, ABSORBED, 0, "WAKE4: a pipe serves"},

    {CALL_fcntl_getfl, 0, "mio_*_register(*", ABSORBED, 0,
     "a descriptor that does not say is none"},

    /* --- making a poll --- */
    {CALL_madvise, 0, NULL, ABSORBED, 0, "fork_guard.h: fork() changes it all the same"},
    {CALL_epoll_create1, EINVAL, "mio_poll_new(&best*", TOLD, 0, "options.h: the next selector"},
    {CALL_epoll_create1, ENOSYS, "mio_poll_new(&best*", TOLD, 0, "options.h: the next selector"},
    {CALL_kqueue1, EINVAL, "mio_poll_new(&best*", TOLD, 0, "options.h: the next selector"},
    {CALL_kqueuex, EINVAL, "mio_poll_new(&best*", TOLD, 0, "options.h: the next selector"},
    {CALL_fcntl_setfd, 0, "mio_poll_new(&best*", TOLD, 0, "options.h: the next selector"},

    /* --- registering --- */
    {CALL_kevent_change, 0, "mio_*_reregister(*", EITHER, 0, "undoing fails after an error"},
    {CALL_fstat, 0, "mio_poll_wait*", ABSORBED, 0, "EV4: an injected event is never swallowed"},
    {CALL_fstat, 0, "mio_source_*", EITHER, 0, "asked twice, where an event is injected"},
#if MIO_PLATFORM == MIO_PLATFORM_OPENBSD || MIO_PLATFORM == MIO_PLATFORM_NETBSD
    {CALL_kevent_receipt, EINVAL, "mio_source_*register(*", EITHER, 0, "a FIFO needs no guard"},
    {CALL_kevent_receipt, EINVAL, "mio_registry_*register(*", EITHER, 0, "a FIFO needs no guard"},
#endif
    {CALL_epoll_ctl_add, EEXIST, "mio_registry_set(*", ABSORBED, 0, "registry.h: never -EEXIST"},
    {CALL_epoll_ctl_del, ENOENT, "mio_registry_set(*", ABSORBED, 0, "registry.h: never -ENOENT"},
    {CALL_epoll_ctl_mod, 0, "mio_registry_register(*", PASSED_ON, 0, "the doorbell's token"},
    {CALL_epoll_ctl_mod, EINVAL, "mio_source_reregister(*", EITHER, 0,
     "E5, where it was exclusive"},
    {CALL_epoll_ctl_mod, EINVAL, NULL, ABSORBED, 0, "E5: deleted and added"},
    {CALL_fcntl_getfd, 0, "mio_*deregister(*", BECOMES, EBADF, "registry.h: it is closed"},

    /* --- sockets and pipes --- */
    {CALL_getpeername, ENOTCONN, "mio_tcp_stream_finish_connect(&tcp->*", BECOMES, EINPROGRESS,
     "tcp.h"},
    {CALL_getpeername, EINVAL, "mio_tcp_stream_finish_connect(&tcp->*", BECOMES, EINPROGRESS,
     "tcp.h"},
    {CALL_getpeername, EINVAL, "mio_tcp_stream_finish_connect(*", BECOMES, ENOTCONN,
     "tcp.h: it is over"},
    {CALL_getpeername, EINVAL, "mio_*_peer_addr(*", BECOMES, ENOTCONN,
     "source.h: no longer connected"},
    {CALL_recvfrom, EAGAIN, "mio_tcp_stream_finish_connect(*", BECOMES, EINPROGRESS, "tcp.h"},
    {CALL_recvfrom, ENOTCONN, "mio_tcp_stream_finish_connect(*", BECOMES, EINPROGRESS, "tcp.h"},
    {CALL_sendto_nothing, 0, "mio_tcp_stream_shutdown(*", ABSORBED, 0, "it only asks"},
    {CALL_socket, EPROTONOSUPPORT, "mio_unix_*", EXPLAINED, ENOTSUP, "socket.h: seqpacket"},
    {CALL_socket, EPROTOTYPE, "mio_unix_*", EXPLAINED, ENOTSUP, "socket.h: seqpacket"},
    {CALL_socket, ESOCKTNOSUPPORT, "mio_unix_*", EXPLAINED, ENOTSUP, "socket.h: seqpacket"},
    {CALL_socketpair, EPROTONOSUPPORT, "mio_*(*&records*", BECOMES, ENOTSUP, "socket.h: seqpacket"},
    {CALL_socketpair, EOPNOTSUPP, "mio_*(*&records*", BECOMES, ENOTSUP, "socket.h: seqpacket"},
    {CALL_setsockopt, 0, "mio_*_set_ttl(*", EITHER, 0, "tcp.h: where the system has both"},
    {CALL_pwritev2, ENOSYS, NULL, ABSORBED, 0, "pipe.h: the signal is blocked"},
    {CALL_pwritev2, EOPNOTSUPP, NULL, ABSORBED, 0, "pipe.h: the signal is blocked"},
    {CALL_pwritev2, EPERM, NULL, ABSORBED, 0, "pipe.h: the signal is blocked"},
    {CALL_pwritev2, EACCES, NULL, ABSORBED, 0, "pipe.h: the signal is blocked"},
    {CALL_pwritev2, EINVAL, NULL, ABSORBED, 0, "pipe.h: the signal is blocked"},
    {CALL_sendfile, EACCES, NULL, ABSORBED, 0, "tcp.h: read and written"},
    {CALL_sendfile, EINVAL, NULL, ABSORBED, 0, "tcp.h: read and written"},
    {CALL_sendfile, ENOSYS, NULL, ABSORBED, 0, "tcp.h: read and written"},
    {CALL_sendfile, EOPNOTSUPP, NULL, ABSORBED, 0, "tcp.h: read and written"},
    {CALL_sendfile, EPERM, NULL, ABSORBED, 0, "tcp.h: read and written"},
    {CALL_setsockopt, 0, "mio_udp_socket_prepare_batches(*", ABSORBED, 0,
     "udp_batch.h: not in `can`"},
    {CALL_getsockopt, 0, "mio_udp_socket_prepare_batches(*", ABSORBED, 0,
     "udp_batch.h: not in `can`"},
    {CALL_sendmmsg, ENOSYS, NULL, ABSORBED, 0, "udp_batch.h: one message a call"},
    {CALL_recvmmsg, ENOSYS, NULL, ABSORBED, 0, "udp_batch.h: one message a call"},
    {CALL_sendmsg, 0, "send_rest(*", EITHER, 0,
     "udp_batch.h: some were sent, or cut by the library"},
    {CALL_sendmmsg, 0, "send_rest(*", EITHER, 0,
     "udp_batch.h: some were sent, or cut by the library"},
    {CALL_recvmsg, 0, "receive_rest(*", EITHER, 0, "udp_batch.h: some were received"},
    {CALL_recvmmsg, 0, "receive_rest(*", EITHER, 0, "udp_batch.h: some were received"},
#if MIO_PLATFORM == MIO_PLATFORM_APPLE
    {CALL_sendto, EPROTOTYPE, NULL, BECOMES, ECONNRESET, "tcp.h: Apple's EPROTOTYPE"},
    {CALL_sendmsg, EPROTOTYPE, NULL, BECOMES, ECONNRESET, "tcp.h: Apple's EPROTOTYPE"},
#endif
};

const struct rule *documented(enum call call, int error, const char *step)
{
    static const struct rule passed_on = {.outcome = PASSED_ON};
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        const struct rule *rule = &rules[i];
        if (rule->call == call && (rule->error == 0 || rule->error == error) &&
            (!rule->step || fnmatch(rule->step, step, 0) == 0))
            return rule;
    }
    return &passed_on;
}
