/* SPDX-License-Identifier: MIT */
#include "batching.h"
#include "sockaddr.h"
#include "udp_control.h"

int mio_udp_socket_prepare_batches(struct mio_udp_socket *socket, uint32_t wanted,
                                   struct mio_udp_batching *batching)
{
    if (!socket || !batching || (wanted & ~MIO_UDP_EVERYTHING) != 0)
        return -EINVAL;
    struct mio_addr bound;
    int error = mio_source_local_addr(&socket->source, &bound);
    if (error < 0)
        return error;
    if (bound.kind != MIO_ADDR_IPV4 && bound.kind != MIO_ADDR_IPV6)
        return -EINVAL;
    struct mio_udp_batching made = {.family = bound.kind == MIO_ADDR_IPV4 ? AF_INET : AF_INET6};
    made.can = mio__udp_ask(socket->source.fd, (int)made.family, wanted);
    if ((made.can & MIO_UDP_SEND_SEGMENTS) != 0)
        made.segment_limit = MIO_UDP_MESSAGE_BYTES / 2;
    memcpy(made.bound, bound.bytes, sizeof made.bound);
    *batching = made;
    return 0;
}
