/* SPDX-License-Identifier: MIT */
/*
 * Datagrams sent in batches.
 *
 * A message is what the kernel takes at once: one datagram, or with UDP_SEGMENT as many of the same
 * size as go the same way, whether they are one behind the other in a buffer or entries of their
 * own. A datagram of 1,200 bytes by itself costs the kernel some microsecond, as one of many a
 * tenth of that.
 *
 * The kernel may refuse segments that it would send as datagrams: larger than the network
 * interface's packets (EMSGSIZE; EINVAL before Linux 6.14), or on an interface that cannot do the
 * checksums, or with IPsec (EIO). Then those datagrams go out by themselves, and if that succeeds,
 * so do all later ones of that size and above.
 */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* sendmmsg */
#endif

#include "../poll/io.h"
#include "batching.h"
#include "calls_many.h"
#include "sockaddr.h"
#include "udp_control.h"

enum { CHUNK_SENT = HAS_SENDMMSG ? MIO_UDP_CHUNK : 1 };

/* Where sending stands: the next byte of the next entry. */
struct place {
    size_t index;
    size_t offset;
};

/* The messages of one call, and all that they point to. */
struct outgoing {
    size_t messages_used;
    size_t parts_used;
    size_t first_segment; /* of the first message; 0: it is one datagram */
    struct mio__message messages[CHUNK_SENT];
    struct place ends[CHUNK_SENT]; /* where sending stands after each */
    struct iovec parts[MIO_UDP_SEGMENTS];
    union mio__ip_sockaddr names[CHUNK_SENT];
    struct mio__udp_control controls[CHUNK_SENT];
};

/* What a call is made with. */
struct sending {
    const struct mio_udp_batching *batching;
    struct mio_datagram *datagrams;
    size_t count;
    size_t segment_limit;
};

static int check_entry(const struct sending *sending, const struct mio_datagram *datagram)
{
    if ((datagram->sent > 0 && datagram->sent >= datagram->size) ||
        (!datagram->buffer && datagram->size > 0))
        return -EINVAL;
    if ((datagram->reserved[0] | datagram->reserved[1] | datagram->reserved_bytes[0] |
         datagram->reserved_bytes[1]) != 0)
        return -EINVAL;
    if (datagram->peer.kind > MIO_ADDR_IPV6)
        return -EAFNOSUPPORT;
    if (datagram->ecn == MIO_ECN_UNKNOWN && datagram->local.kind == MIO_ADDR_UNNAMED)
        return 0;
    return mio__udp_control_check(sending->batching, datagram);
}

/* The size of the datagrams that these bytes of an entry are. */
static inline size_t segment_of(const struct mio_datagram *datagram, size_t left)
{
    return datagram->segment_size > 0 && datagram->segment_size < left ? datagram->segment_size
                                                                       : left;
}

/* All of an IP address: zeros follow its bytes. */
static inline bool is_same_ip(const struct mio_addr *a, const struct mio_addr *b)
{
    return memcmp(a, b, offsetof(struct mio_addr, bytes) + MIO_IPV6_BYTES) == 0;
}

/* Whether what is left of an entry may follow datagrams of that size in their message. */
static bool goes_along(const struct mio_datagram *first, const struct mio_datagram *next,
                       size_t segment)
{
    size_t left = next->size - next->sent;
    size_t own = segment_of(next, left);
    return left > 0 && (own == segment || (own == left && left < segment)) &&
           next->ecn == first->ecn && is_same_ip(&next->peer, &first->peer) &&
           is_same_ip(&next->local, &first->local);
}

static void add_part(struct outgoing *out, const struct mio_datagram *datagram, size_t offset,
                     size_t size)
{
    char *buffer = datagram->buffer;
    out->parts[out->parts_used++] = (struct iovec){buffer ? buffer + offset : NULL, size};
}

/* The parts of a message that begins at `at`, which is moved behind it. Returns how many bytes. */
static size_t gather(struct outgoing *out, const struct sending *sending, struct place *at,
                     size_t segment, size_t most)
{
    const struct mio_datagram *first = &sending->datagrams[at->index];
    const struct mio_datagram *datagram = first;
    size_t bytes = 0;
    for (;;) {
        size_t left = datagram->size - at->offset;
        size_t taken = left < most - bytes ? left : most - bytes;
        add_part(out, datagram, at->offset, taken);
        bytes += taken;
        at->offset += taken;
        if (taken < left)
            return bytes;
        at->index++;
        at->offset = 0;
        if (at->index == sending->count)
            return bytes;
        datagram++;
        at->offset = datagram->sent;
        bool is_whole = taken == segment || (taken > segment && taken % segment == 0);
        if (!is_whole || bytes >= most || out->parts_used == MIO_UDP_SEGMENTS ||
            check_entry(sending, datagram) < 0 || !goes_along(first, datagram, segment))
            return bytes;
    }
}

static void add_message(struct outgoing *out, const struct sending *sending, struct place *at)
{
    const struct mio_datagram *first = &sending->datagrams[at->index];
    size_t segment = segment_of(first, first->size - at->offset);
    size_t most = segment;
    size_t number = out->messages_used++;
    size_t begin = out->parts_used;
    if (segment > 0 && segment <= sending->segment_limit) {
        size_t fit = MIO_UDP_MESSAGE_BYTES / segment;
        most = segment * (fit < MIO_UDP_SEGMENTS ? fit : MIO_UDP_SEGMENTS);
    }
    size_t bytes = gather(out, sending, at, segment, most);
    size_t cut = bytes > segment ? segment : 0;
    if (number == 0)
        out->first_segment = cut;
    out->ends[number] = *at;
    struct msghdr *header = &out->messages[number].header;
    *header = (struct msghdr){.msg_iov = &out->parts[begin]};
    header->msg_iovlen = (__typeof__(header->msg_iovlen))(out->parts_used - begin);
    if (first->peer.kind != MIO_ADDR_UNNAMED) {
        header->msg_name = &out->names[number];
        header->msg_namelen = mio__sockaddr_write_ip(&out->names[number], &first->peer);
    }
    if (cut != 0 || first->ecn != MIO_ECN_UNKNOWN || first->local.kind != MIO_ADDR_UNNAMED) {
        size_t length =
            mio__udp_control_write(&out->controls[number], sending->batching, first, cut);
        header->msg_control = length > 0 ? &out->controls[number] : NULL;
        header->msg_controllen = (__typeof__(header->msg_controllen))length;
    }
}

/* The messages of the next call, up to the first entry that is wrong. Its error, if that is the
 * first of all. A message without an address is alone (calls_many.h). */
static int plan(struct outgoing *out, const struct sending *sending, struct place at)
{
    out->messages_used = 0;
    out->parts_used = 0;
    do {
        const struct mio_datagram *datagram = &sending->datagrams[at.index];
        int error = check_entry(sending, datagram);
        if (error < 0)
            return out->messages_used > 0 ? 0 : error;
        bool is_alone = datagram->peer.kind == MIO_ADDR_UNNAMED;
        if (is_alone && out->messages_used > 0)
            return 0;
        add_message(out, sending, &at);
        if (is_alone)
            return 0;
    } while (at.index < sending->count && out->messages_used < CHUNK_SENT &&
             out->parts_used < MIO_UDP_SEGMENTS);
    return 0;
}

/* Errors that the kernel keeps at the socket, of an earlier datagram: asking has taken them. */
static bool was_kept_by_the_socket(ptrdiff_t error)
{
    static const int errors[] = {ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EHOSTDOWN,
                                 ENETDOWN,     ECONNRESET,   ENOPROTOOPT};
    return mio__is_one_of(error, errors, sizeof errors / sizeof errors[0]);
}

static bool refuses_segments(ptrdiff_t error, const struct outgoing *out)
{
    return out->messages_used > 0 && out->first_segment > 0 &&
           (error == -EINVAL || error == -EMSGSIZE || error == -EIO);
}

/* Notes that everything up to `end` has been sent. */
static void move_on(struct mio_datagram *datagrams, struct place *at, struct place end,
                    size_t count)
{
    for (; at->index < end.index; at->index++)
        datagrams[at->index].sent = 0;
    at->offset = end.offset;
    if (at->index < count)
        datagrams[at->index].sent = at->offset;
}

/* Sends what it can; returns 0 when that is all, or what it was stopped by. */
static ptrdiff_t send_all(mio_fd fd, struct mio_udp_batching *batching, struct sending *sending,
                          struct place *at)
{
    struct outgoing out;
    while (at->index < sending->count) {
        ptrdiff_t result = plan(&out, sending, *at);
        if (result == 0)
            result = call_send_messages(fd, out.messages, out.messages_used, SEND_FLAGS);
        if (refuses_segments(result, &out)) {
            sending->segment_limit = result == -EIO ? 0 : out.first_segment - 1;
            continue;
        }
        if (result < 0)
            return result;
        if (sending->segment_limit != __atomic_load_n(&batching->segment_limit, __ATOMIC_RELAXED))
            __atomic_store_n(&batching->segment_limit, (uint32_t)sending->segment_limit,
                             __ATOMIC_RELAXED);
        move_on(sending->datagrams, at, out.ends[result - 1], sending->count);
    }
    return 0;
}

ptrdiff_t mio_udp_socket_send_batch(struct mio_udp_socket *socket,
                                    struct mio_udp_batching *batching,
                                    struct mio_datagram *datagrams, size_t count)
{
    if (!socket || !batching || (!datagrams && count > 0))
        return -EINVAL;
    if (count == 0)
        return socket->source.fd == MIO_INVALID_FD ? -EBADF : 0;
    struct sending sending = {.batching = batching,
                              .datagrams = datagrams,
                              .count = count,
                              .segment_limit =
                                  __atomic_load_n(&batching->segment_limit, __ATOMIC_RELAXED)};
    struct place at = {.offset = datagrams[0].sent};
    ptrdiff_t result = mio__udp_take_error(&batching->send_error);
    if (result == 0)
        result = send_all(socket->source.fd, batching, &sending, &at);
    if (at.index == 0)
        return mio__source_after_io(&socket->source, MIO_WRITABLE, result);
    if (was_kept_by_the_socket(result) && datagrams[at.index].peer.kind == MIO_ADDR_UNNAMED)
        mio__udp_keep_error(&batching->send_error, result);
    ptrdiff_t sent = (ptrdiff_t)at.index;
    return result == -EAGAIN ? mio__source_after_part(&socket->source, MIO_WRITABLE, sent, count)
                             : sent;
}
