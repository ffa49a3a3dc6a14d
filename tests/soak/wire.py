# SPDX-License-Identifier: MIT
"""Connections that can stall, reset and half-close, and byte sequences that show what was lost."""
import asyncio
import os
import random
import socket
import struct

# Bounds whatever has to happen. No run that passes is decided by it.
PATIENCE_S = int(os.environ.get("SOAK_PATIENCE", 60))

RESET = struct.pack("ii", 1, 0)  # SO_LINGER of no seconds: closing resets
IP_BIND_ADDRESS_NO_PORT = 24  # of Linux: the port is chosen when connecting


# For those who read slowly. With the segments of loopback, 64 KiB each, Linux gives the sender a
# buffer of megabytes, and small windows wait for timers; with a network's neither happens.
SMALL_BUFFER = 32768
SMALL_SEGMENT = 1400


class Failure(Exception):
    """What was promised did not happen."""


def require(condition, what, *values):
    if not condition:
        raise Failure("not so: " + what % values)


async def bounded(awaitable, what):
    """Its result. (asyncio.wait_for() of Python 3.11 may swallow being cancelled.)"""
    task = asyncio.ensure_future(awaitable)
    try:
        await asyncio.wait({task}, timeout=PATIENCE_S)
        if not task.done():
            raise Failure("not within %d s: %s" % (PATIENCE_S, what))
        return task.result()
    finally:
        if not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def together(*awaitables):
    """All results; after the first exception the others have ended too, and left their sockets."""
    tasks = [asyncio.ensure_future(awaitable) for awaitable in awaitables]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Figures:
    """What the driver counts, for the table and for comparing with the server's own counts."""

    def __init__(self):
        self.kinds = {}
        self.connected = self.resets = self.sent = self.received = self.compared = 0

    def count(self, kind):
        self.kinds[kind] = self.kinds.get(kind, 0) + 1


class Connection:
    """A non-blocking socket; `with` closes it. Only one task reads at a time, and one writes."""

    def __init__(self, sock, figures):
        sock.setblocking(False)
        self.sock, self.figures = sock, figures
        self.loop = asyncio.get_running_loop()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    async def recv(self, size=1 << 16):
        """At most `size` bytes; none at the end."""
        data = await self.loop.sock_recv(self.sock, size)
        self.figures.received += len(data)
        return data

    async def recv_exactly(self, size):
        parts = []
        while size > 0:
            part = await self.recv(size)
            require(part, "%d bytes more come before the end", size)
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    async def recv_to_the_end(self):
        """For those who do not expect to be told everything: a reset is an end too."""
        try:
            while await self.recv():
                pass
        except (ConnectionResetError, BrokenPipeError):
            pass

    async def send(self, data):
        self.figures.sent += len(data)
        await self.loop.sock_sendall(self.sock, data)

    async def send_in_pieces(self, data, chance, most=4):
        cuts = sorted(chance.randrange(len(data) + 1) for _ in range(chance.randrange(most)))
        for first, last in zip([0] + cuts, cuts + [len(data)]):
            await self.send(data[first:last])
            await asyncio.sleep(0)

    def half_close(self):
        self.sock.shutdown(socket.SHUT_WR)

    def reset(self):
        self.figures.resets += 1
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.sock.close()


async def connect(address, figures, receive_buffer=0, send_buffer=0):
    sock = socket.socket()
    sock.setblocking(False)
    if receive_buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SMALL_SEGMENT)
    if send_buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
    # From many addresses: those of one have not ports enough for an hour.
    sock.setsockopt(socket.SOL_IP, IP_BIND_ADDRESS_NO_PORT, 1)
    sock.bind(("127.0.0.%d" % (2 + figures.connected % 200), 0))
    try:
        await asyncio.get_running_loop().sock_connect(sock, address)
    except BaseException:
        sock.close()
        raise
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    figures.connected += 1
    return Connection(sock, figures)


PERIOD = 1000003  # a prime: no power of two that is lost or repeated goes unnoticed
BLOCK = memoryview(random.Random(0).randbytes(PERIOD) * 2)


class Sequence:
    """Endless bytes that begin at a place of their own. One object writes them, another compares."""

    def __init__(self, start, figures):
        self.start, self.at, self.figures = start, 0, figures

    def next(self, size):
        first = (self.start + self.at) % PERIOD
        self.at += size
        return BLOCK[first : first + size]

    def compare(self, data):
        at = self.at
        require(self.next(len(data)) == data, "bytes %d to %d are those that were sent", at, self.at)
        self.figures.compared += len(data)
