# SPDX-License-Identifier: MIT
"""Both sides of a proxy: its clients, and the target that it connects to."""
import asyncio
import os
import socket

from wire import (PERIOD, SMALL_BUFFER, SMALL_SEGMENT, Connection, Failure, Sequence, bounded,
                  connect, require, together)

MOST_BUFFERED = 128 << 20  # far beyond what Linux lets a connection's buffers grow to
NAME_LEN = 8  # what a client says first, so that the target knows whose tunnel it is


class Tunnel:
    """The two connections of the driver, and for each direction what is sent and what is expected."""

    def __init__(self, client, target, chance):
        self.client, self.target = client, target
        up, down = chance.randrange(PERIOD), chance.randrange(PERIOD)
        figures = client.figures
        self.sends = {client: Sequence(up, figures), target: Sequence(down, figures)}
        self.expects = {client: Sequence(down, figures), target: Sequence(up, figures)}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.sock.close()
        self.target.sock.close()

    def other(self, end):
        return self.target if end is self.client else self.client

    async def send(self, end, size, most=65536):
        while size > 0:
            part = self.sends[end].next(min(size, most))
            await end.send(part)
            size -= len(part)

    async def send_all(self, end, size, most=65536):
        await self.send(end, size, most)
        end.half_close()

    async def send_until_opened(self, end, gate):
        while not gate.opened.is_set():
            await self.send(end, 65536)
            require(self.sends[end].at < MOST_BUFFERED, "the proxy does not swallow everything")
        end.half_close()

    async def hear(self, end, size):
        self.expects[end].compare(await end.recv_exactly(size))

    async def hear_all(self, end, size, at_once=65536, pause=0):
        """To the end, which has to come behind the last of `size` bytes and of those before."""
        wanted = self.expects[end].at + size
        while data := await end.recv(at_once):
            self.expects[end].compare(data)
            await asyncio.sleep(pause)
        require(self.expects[end].at == wanted, "all of %d bytes come before the end, not %d",
                wanted, self.expects[end].at)

    async def hear_what_is_sent(self, end):
        while data := await end.recv():
            self.expects[end].compare(data)
        heard, sent = self.expects[end].at, self.sends[self.other(end)].at
        require(heard == sent, "all of %d bytes come before the end, not %d", sent, heard)

    async def hear_some(self, end):
        """After a reset of the other end: nothing but what was sent, and an end of some kind."""
        try:
            while data := await end.recv():
                self.expects[end].compare(data)
        except (ConnectionResetError, BrokenPipeError):
            pass

    async def say_some(self, end):
        try:
            await self.send(end, 1 << 21)
        except (ConnectionResetError, BrokenPipeError):
            pass


class Load:
    program = "proxy"
    each = 2  # descriptors of the server for a connection
    crest = 200
    slots = 40
    unix = False

    def __init__(self, soak):
        self.soak, self.figures = soak, soak.figures
        self.clients = 0
        self.expected = {}  # names of clients whose target has not come yet
        self.refused = 0
        self.path = os.path.join(soak.directory, "target")
        self.port = 0
        self.listen()
        target = "unix:" + self.path if self.unix else "127.0.0.1:%d" % self.port
        self.arguments = ["127.0.0.1:0", target, "600,600"]  # longer than a round
        self.kinds = {
            self.exchange: 6, self.turns: 3, self.client_ends_first: 3, self.target_ends_first: 3,
            self.slow_reader: 1, self.flood: 1, self.reset_by_client: 3, self.reset_by_target: 3,
            self.unused: 2,
        }
        self.held = {
            self.held_idle: 20, self.held_half_closed: 20, self.held_stalled: 5, self.held_unused: 20,
        }

    # --- the target ---

    def listen(self):
        if self.unix:
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(self.path)
        else:
            self.listener = socket.socket()
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.listener.bind(("127.0.0.1", self.port))
            self.port = self.listener.getsockname()[1]
            self.listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SMALL_SEGMENT)
        self.listener.listen(4096)
        self.listener.setblocking(False)

    async def accept(self):
        loop = asyncio.get_running_loop()
        while True:
            sock = (await loop.sock_accept(self.listener))[0]
            self.soak.background(self.greet(Connection(sock, self.figures)))

    async def greet(self, target):
        """Gives the connection to whose it is; those without a name close it."""
        try:
            name = await target.recv_exactly(NAME_LEN)
            self.expected.pop(int(name)).set_result(target)
        except (Failure, OSError):
            target.sock.close()

    async def begin(self):
        self.acceptor = self.soak.background(self.accept())

    async def start(self, number):
        pass

    async def pause(self):
        pass

    async def end(self):
        await self.soak.server_has(0)
        self.acceptor.cancel()
        await asyncio.gather(self.acceptor, return_exceptions=True)
        await self.nobody_listens()

    async def nobody_listens(self):
        """While there is no target, clients are let go."""
        self.listener.close()
        if self.unix:
            os.unlink(self.path)
        for _ in range(5):
            self.refused += 1
            self.figures.count("refused")
            with await connect(self.soak.address, self.figures) as client:
                await bounded(client.recv_to_the_end(), "the end of a client without a target")
        self.listen()

    async def tunnel(self, chance, **options):
        self.clients += 1
        name = self.clients
        target = self.expected[name] = asyncio.get_running_loop().create_future()
        client = await connect(self.soak.address, self.figures, **options)
        await client.send(b"%0*d" % (NAME_LEN, name))
        return Tunnel(client, await target, chance)

    # --- those who come and go ---

    async def both_ways(self, chance, tunnel, most):
        """Each direction ends by itself, and each has a pace of its own."""
        up, down = chance.randrange(most), chance.randrange(most)
        await together(
            tunnel.send_all(tunnel.client, up, chance.choice([100, 5000, 65536]) + most // 100),
            tunnel.send_all(tunnel.target, down, chance.choice([100, 5000, 65536]) + most // 100),
            tunnel.hear_all(tunnel.client, down), tunnel.hear_all(tunnel.target, up))

    async def exchange(self, chance):
        with await self.tunnel(chance) as tunnel:
            await self.both_ways(chance, tunnel, 100000)

    async def flood(self, chance):
        with await self.tunnel(chance) as tunnel:
            await self.both_ways(chance, tunnel, 2000000)

    async def turns(self, chance):
        with await self.tunnel(chance) as tunnel:
            for _ in range(chance.randrange(1, 10)):
                for end in chance.sample([tunnel.client, tunnel.target], 2):
                    size = chance.randrange(1, 3000)
                    await tunnel.send(end, size)
                    await tunnel.hear(tunnel.other(end), size)

    async def ends_first(self, chance, tunnel, first):
        """The other end answers when it has heard everything."""
        second = tunnel.other(first)
        question, answer = chance.randrange(50000), chance.randrange(50000)
        await together(tunnel.send_all(first, question), tunnel.hear_all(second, question))
        await together(tunnel.send_all(second, answer), tunnel.hear_all(first, answer))

    async def client_ends_first(self, chance):
        with await self.tunnel(chance) as tunnel:
            await self.ends_first(chance, tunnel, tunnel.client)

    async def target_ends_first(self, chance):
        with await self.tunnel(chance) as tunnel:
            await self.ends_first(chance, tunnel, tunnel.target)

    async def slow_reader(self, chance):
        with await self.tunnel(chance, receive_buffer=SMALL_BUFFER) as tunnel:
            reader = chance.choice([tunnel.client, tunnel.target])
            size = chance.randrange(100000, 300000)
            await together(tunnel.send_all(tunnel.other(reader), size),
                           tunnel.hear_all(reader, size, size // 10, 0.05),
                           tunnel.send_all(reader, 10), tunnel.hear_all(tunnel.other(reader), 10))

    async def reset_by(self, chance, tunnel, end):
        """In the midst of what both send; the other end has to learn of it."""
        other = tunnel.other(end)
        rest = [asyncio.ensure_future(tunnel.say_some(end)),
                asyncio.ensure_future(tunnel.say_some(other)),
                asyncio.ensure_future(tunnel.hear_some(other))]
        try:
            for _ in range(chance.randrange(10)):
                tunnel.expects[end].compare(await end.recv(20000))
            rest[0].cancel()
            await asyncio.gather(rest[0], return_exceptions=True)
            end.reset()
            await asyncio.gather(*rest[1:])
        finally:
            for task in rest:
                task.cancel()
            await asyncio.gather(*rest, return_exceptions=True)

    async def reset_by_client(self, chance):
        with await self.tunnel(chance) as tunnel:
            await self.reset_by(chance, tunnel, tunnel.client)

    async def reset_by_target(self, chance):
        with await self.tunnel(chance) as tunnel:
            await self.reset_by(chance, tunnel, tunnel.target)

    async def unused(self, chance):
        with await connect(self.soak.address, self.figures) as client:
            if chance.random() < 0.5:
                client.reset()

    # --- those who hold their connection until the gate opens ---

    async def held_idle(self, chance, gate):
        with await self.tunnel(chance) as tunnel:
            await gate.wait()
            await self.both_ways(chance, tunnel, 10000)

    async def held_half_closed(self, chance, gate):
        with await self.tunnel(chance) as tunnel:
            first = chance.choice([tunnel.client, tunnel.target])
            second = tunnel.other(first)
            await together(tunnel.send_all(first, 1000), tunnel.hear_all(second, 1000))
            await gate.wait()
            await together(tunnel.send_all(second, 1000), tunnel.hear_all(first, 1000))

    async def held_stalled(self, chance, gate):
        """Both ends send until nothing is taken from them; later everything arrives after all."""
        options = {"receive_buffer": SMALL_BUFFER, "send_buffer": SMALL_BUFFER}
        with await self.tunnel(chance, **options) as tunnel:
            tunnel.target.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL_BUFFER)
            senders = [asyncio.ensure_future(tunnel.send_until_opened(end, gate))
                       for end in (tunnel.client, tunnel.target)]
            try:
                await gate.wait()
                if chance.random() < 0.3:
                    senders[0].cancel()
                    await asyncio.gather(senders[0], return_exceptions=True)
                    tunnel.client.reset()
                    await tunnel.hear_some(tunnel.target)
                else:
                    await together(*senders, tunnel.hear_what_is_sent(tunnel.client),
                                   tunnel.hear_what_is_sent(tunnel.target))
            finally:
                for sender in senders:
                    sender.cancel()
                await asyncio.gather(*senders, return_exceptions=True)

    async def held_unused(self, chance, gate):
        with await connect(self.soak.address, self.figures):
            await gate.wait()

    # --- the end ---

    async def last(self):
        """A tunnel that is open when the server is stopped."""
        await self.begin()
        tunnel = await self.tunnel(self.soak.chance("last"))
        self.acceptor.cancel()
        return [tunnel.client, tunnel.target]

    def check_summary(self, numbers):
        tunnels, up, down, failures, too_idle = numbers
        require(too_idle == 0, "none is too idle for these limits")
        require(tunnels == self.figures.connected, "it counts %d tunnels", self.figures.connected)
        require(failures == self.refused, "it counts %d as not connected", self.refused)
        received, sent = self.figures.received, self.figures.sent
        require(received <= up + down <= sent, "%d to %d bytes are counted", received, sent)


class UnixLoad(Load):
    unix = True
