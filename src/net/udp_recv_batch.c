/* SPDX-License-Identifier: MIT */
/* Datagrams received in batches. */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* recvmmsg */
#endif

#include "../poll/io.h"
#include "batching.h"
#include "calls_many.h"
#include "sockaddr.h"
#include "udp_control.h"

enum { CHUNK_RECEIVED = HAS_RECVMMSG ? MIO_UDP_CHUNK : 1 };

/* The messages of one call, and all that they point to. */
struct incoming {
    struct mio__message messages[CHUNK_RECEIVED];
    struct iovec parts[CHUNK_RECEIVED];
    union mio__ip_sockaddr names[CHUNK_RECEIVED];
    struct mio__udp_control controls[CHUNK_RECEIVED];
};

static void prepare_incoming(struct incoming *in, size_t i, const struct mio_datagram *datagram,
                             bool with_control)
{
    struct msghdr *header = &in->messages[i].header;
    in->parts[i] = (struct iovec){datagram->buffer, datagram->capacity};
    in->names[i].any.sa_family = AF_UNSPEC;
    *header = (struct msghdr){.msg_name = &in->names[i],
                              .msg_namelen = sizeof in->names[i],
                              .msg_iov = &in->parts[i],
                              .msg_iovlen = 1};
    if (with_control) {
        header->msg_control = &in->controls[i];
        header->msg_controllen = sizeof in->controls[i];
    }
}

static void read_incoming(const struct incoming *in, size_t i, struct mio_datagram *datagram)
{
    const struct msghdr *header = &in->messages[i].header;
    datagram->size = in->messages[i].length;
    datagram->segment_size = 0;
    datagram->sent = 0;
    if (!mio__sockaddr_read_ip(&in->names[i], header->msg_namelen, &datagram->peer))
        mio__addr_clear(&datagram->peer);
    mio__addr_clear(&datagram->local);
    datagram->interface_index = 0;
    datagram->ecn = MIO_ECN_UNKNOWN;
    datagram->truncated = (header->msg_flags & MSG_TRUNC) != 0;
    if (header->msg_control)
        mio__udp_control_read(header, datagram);
}

/* One call of the kernel: how many were filled, or -errno. */
static ptrdiff_t receive_chunk(mio_fd fd, bool with_control, struct mio_datagram *datagrams,
                               size_t count)
{
    struct incoming in;
    for (size_t i = 0; i < count; i++)
        prepare_incoming(&in, i, &datagrams[i], with_control);
    ptrdiff_t received = call_recv_messages(fd, in.messages, count, NO_WAITING);
    for (ptrdiff_t i = 0; i < received; i++)
        read_incoming(&in, (size_t)i, &datagrams[i]);
    return received;
}

ptrdiff_t mio_udp_socket_recv_batch(struct mio_udp_socket *socket,
                                    struct mio_udp_batching *batching,
                                    struct mio_datagram *datagrams, size_t count)
{
    const uint32_t by_control =
        MIO_UDP_RECV_SEGMENTS | MIO_UDP_RECV_ECN | MIO_UDP_RECV_LOCAL | MIO_UDP_RECV_INTERFACE;
    if (!socket || !batching || (!datagrams && count > 0))
        return -EINVAL;
    if (count == 0)
        return socket->source.fd == MIO_INVALID_FD ? -EBADF : 0;
    ptrdiff_t result = mio__udp_take_error(&batching->recv_error);
    size_t most = CHUNK_RECEIVED;
    size_t done = 0;
    size_t asked = 0;
    while (result == (ptrdiff_t)asked && done < count) {
        asked = count - done < most ? count - done : most;
        result = receive_chunk(socket->source.fd, (batching->can & by_control) != 0,
                               datagrams + done, asked);
        if (result > 0) {
            done += (size_t)result;
        } else if (result == -ENOSYS && most > 1) { /* a sandbox without recvmmsg() */
            most = 1;
            asked = 0;
            result = 0;
        }
    }
    if (done == 0)
        return mio__source_after_io(&socket->source, MIO_INCOMING, result);
    if (result < 0 && result != -EAGAIN)
        mio__udp_keep_error(&batching->recv_error, result);
    return mio__source_after_part(&socket->source, MIO_INCOMING, (ptrdiff_t)done, count);
}
