/* SPDX-License-Identifier: MIT */
/*
 * 32 datagrams of 1,200 bytes sent to a socket of the same thread and received there, over the
 * loopback interface: by one a call, by 32 a call, and by segments of one buffer of 38,400 bytes,
 * which the kernel cuts and puts together again. Libraries that have no UDP of their own do not take
 * part. The bare loop does by sendto and recvfrom, sendmmsg and recvmmsg, sendmsg and recvmsg with
 * UDP_SEGMENT and UDP_GRO what libmio does, with arrays of headers that were made once.
 */
#define _GNU_SOURCE

#include "../harness.h"

#include <mio.h>

#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DATAGRAMS = 32, SIZE = 1200, WHOLE = DATAGRAMS * SIZE, ROOMS = 4 };
enum { ONE_A_CALL = 1, BY_SEGMENTS = WHOLE };

/* Of <linux/udp.h>, which older C libraries do not have. */
enum { SEGMENT_OPTION = 103, GRO_OPTION = 104 };

static struct {
    struct mio_udp_socket sender, receiver;
    struct mio_udp_batching sending, receiving;
    struct mio_addr at;
    struct sockaddr_storage name;
    socklen_t name_size;
    struct mio_datagram out[DATAGRAMS], in[DATAGRAMS];
    struct mmsghdr sent[DATAGRAMS], got[DATAGRAMS];
    struct iovec sent_parts[DATAGRAMS], got_parts[DATAGRAMS];
    struct sockaddr_storage got_names[DATAGRAMS];
    char bytes[WHOLE];
    char rooms[ROOMS][MIO_UDP_SEGMENTS_BYTES];
    char small[DATAGRAMS][SIZE];
} udp;

/* --- by libmio --- */

static size_t mio_one_by_one(void)
{
    struct mio_addr from;
    size_t size = 0;
    for (size_t i = 0; i < DATAGRAMS; i++)
        mio_udp_socket_send_to(&udp.sender, udp.bytes + i * SIZE, SIZE, &udp.at);
    for (size_t i = 0; i < DATAGRAMS; i++)
        size += (size_t)mio_udp_socket_recv_from(&udp.receiver, udp.small[0], SIZE, &from);
    return size;
}

static size_t mio_batch(size_t count, size_t rooms)
{
    size_t size = 0;
    ptrdiff_t sent = mio_udp_socket_send_batch(&udp.sender, &udp.sending, udp.out, count);
    bench_need(sent == (ptrdiff_t)count, "mio_udp_socket_send_batch");
    while (size < WHOLE) {
        ptrdiff_t got = mio_udp_socket_recv_batch(&udp.receiver, &udp.receiving, udp.in, rooms);
        bench_need(got > 0, "mio_udp_socket_recv_batch");
        for (ptrdiff_t i = 0; i < got; i++)
            size += udp.in[i].size;
    }
    return size;
}

/* --- by libc --- */

static size_t bare_one_by_one(void)
{
    struct sockaddr_storage from;
    size_t size = 0;
    for (size_t i = 0; i < DATAGRAMS; i++)
        sendto(udp.sender.source.fd, udp.bytes + i * SIZE, SIZE, MSG_DONTWAIT,
               (struct sockaddr *)&udp.name, udp.name_size);
    for (size_t i = 0; i < DATAGRAMS; i++) {
        socklen_t length = sizeof from;
        size += (size_t)recvfrom(udp.receiver.source.fd, udp.small[0], SIZE, MSG_DONTWAIT,
                                 (struct sockaddr *)&from, &length);
    }
    return size;
}

static size_t bare_batch(void)
{
    size_t size = 0;
    bench_need(sendmmsg(udp.sender.source.fd, udp.sent, DATAGRAMS, MSG_DONTWAIT) == DATAGRAMS,
               "sendmmsg");
    while (size < WHOLE) {
        for (size_t i = 0; i < DATAGRAMS; i++)
            udp.got[i].msg_hdr.msg_namelen = sizeof udp.got_names[i];
        int got = recvmmsg(udp.receiver.source.fd, udp.got, DATAGRAMS, MSG_DONTWAIT, NULL);
        bench_need(got > 0, "recvmmsg");
        for (int i = 0; i < got; i++)
            size += udp.got[i].msg_len;
    }
    return size;
}

static size_t bare_segments(void)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {.header = {.cmsg_level = IPPROTO_UDP,
                            .cmsg_type = SEGMENT_OPTION,
                            .cmsg_len = CMSG_LEN(sizeof(uint16_t))}};
    const uint16_t segment = SIZE;
    struct iovec part = {udp.bytes, WHOLE};
    struct msghdr header = {.msg_name = &udp.name,
                            .msg_namelen = udp.name_size,
                            .msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = &control,
                            .msg_controllen = CMSG_SPACE(sizeof segment)};
    size_t size = 0;
    memcpy(CMSG_DATA(&control.header), &segment, sizeof segment);
    bench_need(sendmsg(udp.sender.source.fd, &header, MSG_DONTWAIT) == WHOLE, "sendmsg");
    while (size < WHOLE) {
        part = (struct iovec){udp.rooms[0], sizeof udp.rooms[0]};
        header.msg_name = &udp.got_names[0];
        header.msg_namelen = sizeof udp.got_names[0];
        header.msg_controllen = sizeof control;
        ssize_t got = recvmsg(udp.receiver.source.fd, &header, MSG_DONTWAIT);
        bench_need(got > 0, "recvmsg");
        size += (size_t)got;
    }
    return size;
}

/* --- rounds --- */

static void prepare_arrays(bool by_segments)
{
    memset(udp.out, 0, sizeof udp.out);
    memset(udp.in, 0, sizeof udp.in);
    for (size_t i = 0; i < DATAGRAMS; i++) {
        udp.out[i].buffer = udp.bytes + i * SIZE;
        udp.out[i].size = by_segments ? WHOLE : SIZE;
        udp.out[i].segment_size = SIZE;
        udp.out[i].peer = udp.at;
        udp.in[i].buffer = by_segments ? udp.rooms[i % ROOMS] : udp.small[i];
        udp.in[i].capacity = by_segments ? sizeof udp.rooms[0] : SIZE;
        udp.sent_parts[i] = (struct iovec){udp.bytes + i * SIZE, SIZE};
        udp.sent[i].msg_hdr = (struct msghdr){.msg_name = &udp.name,
                                              .msg_namelen = udp.name_size,
                                              .msg_iov = &udp.sent_parts[i],
                                              .msg_iovlen = 1};
        udp.got_parts[i] = (struct iovec){udp.small[i], SIZE};
        udp.got[i].msg_hdr = (struct msghdr){
            .msg_name = &udp.got_names[i], .msg_iov = &udp.got_parts[i], .msg_iovlen = 1};
    }
}

static void open_sockets(bool by_segments)
{
    const struct mio_addr addr = mio_addr_ipv4(127, 0, 0, 1, 0);
    const uint32_t wanted = by_segments ? MIO_UDP_SEND_SEGMENTS | MIO_UDP_RECV_SEGMENTS : 0;
    bench_need(mio_udp_socket_bind(&addr, NULL, &udp.sender) == 0 &&
                   mio_udp_socket_bind(&addr, NULL, &udp.receiver) == 0 &&
                   mio_source_local_addr(&udp.receiver.source, &udp.at) == 0,
               "bind");
    udp.name_size = (socklen_t)mio_addr_to_sockaddr(&udp.at, &udp.name, sizeof udp.name);
    bench_need(mio_udp_socket_prepare_batches(&udp.sender, wanted, &udp.sending) == 0 &&
                   mio_udp_socket_prepare_batches(&udp.receiver, wanted, &udp.receiving) == 0,
               "mio_udp_socket_prepare_batches");
    prepare_arrays(by_segments);
}

static void close_sockets(void)
{
    mio_source_close(&udp.sender.source);
    mio_source_close(&udp.receiver.source);
}

static void exchange(const struct bench_peer *peer, struct bench_loop *loop, void *user)
{
    const long *parameter = user;
    bool bare = peer == bench_peers[0];
    size_t size;
    (void)loop;
    if (*parameter == ONE_A_CALL)
        size = bare ? bare_one_by_one() : mio_one_by_one();
    else if (*parameter == BY_SEGMENTS)
        size = bare ? bare_segments() : mio_batch(1, ROOMS);
    else
        size = bare ? bare_batch() : mio_batch(DATAGRAMS, DATAGRAMS);
    bench_need(size == WHOLE, "datagrams");
}

static double udp_round(const struct bench_peer *peer, long parameter)
{
    if (peer != bench_peers[0] && strcmp(peer->name, "libmio") != 0)
        return -1;
    open_sockets(parameter == BY_SEGMENTS);
    double time = bench_time(exchange, peer, NULL, &parameter);
    close_sockets();
    return time / DATAGRAMS;
}

static const long ways[] = {ONE_A_CALL, DATAGRAMS, BY_SEGMENTS};

const struct bench_workload bench_udp = {
    .name = "udp",
    .unit = "datagram",
    .clock = "cpu",
    .parameters = ways,
    .count = 3,
    .rounds = 75,
    .round = udp_round,
};
