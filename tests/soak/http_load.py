# SPDX-License-Identifier: MIT
"""Clients of http_server: each response is compared byte for byte with the file."""
import asyncio
import os
import random

from wire import SMALL_BUFFER, connect, require

SIZES = {"empty": 0, "small": 1000, "buffer": 65536, "larger": 65537, "large": 1000000}
WEIGHTS = {"empty": 2, "small": 6, "buffer": 2, "larger": 2, "large": 1, "missing": 1}


class Responses:
    """Reads a connection's responses one by one."""

    def __init__(self, connection):
        self.connection, self.buffer = connection, b""

    async def more(self):
        data = await self.connection.recv()
        require(data, "there is more of a response than %r", self.buffer[:80])
        self.buffer += data

    async def head(self):
        while b"\r\n\r\n" not in self.buffer:
            await self.more()
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        headers = dict(line.lower().split(b": ", 1) for line in lines[1:])
        return lines[0], int(headers[b"content-length"])

    async def compare(self, content):
        """The body; whatever is behind it stays."""
        at = 0
        while at < len(content):
            if not self.buffer:
                await self.more()
            part, self.buffer = self.buffer[: len(content) - at], self.buffer[len(content) - at :]
            require(content.startswith(part, at), "bytes %d to %d are the file's", at, at + len(part))
            at += len(part)
        self.connection.figures.compared += at

    async def end(self):
        require(not self.buffer and not await self.connection.recv(), "nothing follows the responses")


class Load:
    """What the driver has to know: the program, how its clients behave and how many at once."""

    program = "http_server"
    each = 1  # descriptors of the server for a connection
    crest = 300
    slots = 60

    def __init__(self, soak):
        self.soak, self.figures = soak, soak.figures
        self.requested = self.answered = 0
        self.contents = {}
        chance = random.Random(1)
        for name, size in SIZES.items():
            self.contents[name] = chance.randbytes(size)
            with open(os.path.join(soak.directory, name), "wb") as file:
                file.write(self.contents[name])
        self.arguments = [soak.directory, "127.0.0.1:0", "600,600,600"]  # longer than a round
        self.kinds = {
            self.exchange: 6, self.flood: 1, self.half_close: 4, self.slow_reader: 1,
            self.slow_sender: 1, self.nonsense: 1, self.reset: 4, self.leave: 3, self.unused: 2,
        }
        self.held = {
            self.held_half_a_request: 20, self.held_unread: 5, self.held_unread_half_closed: 5,
            self.held_idle: 20, self.held_answered: 20, self.held_unused: 20,
        }

    async def begin(self):
        """Before the first connection of a round."""

    async def start(self, number):
        """Before those who come and go, and hold their connection."""

    async def pause(self):
        """From now on there are only those who hold their connection."""

    async def end(self):
        """When they are gone too."""

    async def connect(self, **options):
        return await connect(self.soak.address, self.figures, **options)

    def ask(self, chance, name=None, last=False):
        """A request's text, and what to expect of it."""
        name = name or chance.choices(list(WEIGHTS), WEIGHTS.values())[0]
        head_only = chance.random() < 0.1
        text = "%s /%s HTTP/1.1\r\nHost: soak\r\n" % ("HEAD" if head_only else "GET", name)
        text += "X-Padding: %s\r\n" % ("p" * chance.randrange(200))
        text += "Connection: close\r\n\r\n" if last else "\r\n"
        return text.encode(), (name, head_only)

    async def check(self, responses, expected):
        name, head_only = expected
        status, length = await responses.head()
        content = self.contents.get(name, b"404 Not Found\n")
        wanted = b"HTTP/1.1 200 OK" if name in self.contents else b"HTTP/1.1 404 Not Found"
        require(status == wanted and length == len(content), "/%s: %r, %d bytes", name, status, length)
        await responses.compare(b"" if head_only else content)
        self.answered += 1

    async def send_request(self, connection, text, chance):
        self.requested += 1
        await connection.send_in_pieces(text, chance)

    async def turns(self, connection, responses, chance, count):
        for _ in range(count):
            text, expected = self.ask(chance)
            await self.send_request(connection, text, chance)
            await self.check(responses, expected)

    # --- those who come and go ---

    async def exchange(self, chance):
        with await self.connect() as connection:
            responses = Responses(connection)
            await self.turns(connection, responses, chance, chance.randrange(6))
            text, expected = self.ask(chance, last=True)
            await self.send_request(connection, text, chance)
            await self.check(responses, expected)
            await responses.end()

    async def pipelined(self, connection, chance, count, name=None, pause=0):
        """Requests sent at once; they are still being sent while the responses are read."""
        asked = [self.ask(chance, name) for _ in range(count)]
        self.requested += count

        async def send():
            await connection.send_in_pieces(b"".join(text for text, _ in asked), chance, 10)

        sender = asyncio.ensure_future(send())
        try:
            responses = Responses(connection)
            for _, expected in asked:
                await asyncio.sleep(pause)
                await self.check(responses, expected)
            await sender
        finally:
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)
        return responses

    async def flood(self, chance):
        with await self.connect() as connection:
            await self.pipelined(connection, chance, chance.randrange(100, 300), "small")

    async def half_close(self, chance):
        with await self.connect() as connection:
            asked = [self.ask(chance) for _ in range(chance.randrange(1, 6))]
            self.requested += len(asked)
            await connection.send(b"".join(text for text, _ in asked))
            connection.half_close()
            responses = Responses(connection)
            for _, expected in asked:
                await self.check(responses, expected)
            await responses.end()

    async def slow_reader(self, chance):
        with await self.connect(receive_buffer=SMALL_BUFFER) as connection:
            await self.pipelined(connection, chance, 4, "larger", pause=0.1)

    async def slow_sender(self, chance):
        with await self.connect() as connection:
            text, expected = self.ask(chance)
            self.requested += 1
            for at in range(0, len(text), 16):
                await connection.send(text[at : at + 16])
                await asyncio.sleep(0.02)
            await self.check(Responses(connection), expected)

    async def nonsense(self, chance):
        """What is no request is refused; the rest of it is swallowed until the client ends."""
        with await self.connect() as connection:
            self.requested += 1
            await connection.send(b"nonsense\r\n\r\n")
            responses = Responses(connection)
            status, length = await responses.head()
            require(status == b"HTTP/1.1 400 Bad Request", "nonsense gives %r", status)
            await responses.compare(b"400 Bad Request\n"[:length])
            self.answered += 1
            for _ in range(chance.randrange(8)):
                await connection.send(bytes(65536))
            connection.half_close()
            await responses.end()

    async def reset(self, chance):
        with await self.connect() as connection:
            text, _ = self.ask(chance, "large")
            if chance.random() < 0.3:
                text = text[: chance.randrange(1, len(text))]
            self.requested += 1
            await connection.send(text)
            if text.endswith(b"\r\n\r\n"):
                await connection.recv(chance.randrange(1, 65536))
            connection.reset()

    async def leave(self, chance):
        """Closes in the midst of a request or a response."""
        with await self.connect() as connection:
            text, _ = self.ask(chance, "large")
            self.requested += 1
            await connection.send(text[: chance.randrange(1, len(text) + 1)])

    async def unused(self, chance):
        with await self.connect() as connection:
            if chance.random() < 0.5:
                connection.reset()

    # --- those who hold their connection until the gate opens ---

    async def held_half_a_request(self, chance, gate):
        with await self.connect() as connection:
            text, expected = self.ask(chance)
            cut = chance.randrange(1, len(text))
            self.requested += 1
            await connection.send(text[:cut])
            await gate.wait()
            await connection.send(text[cut:])
            await self.check(Responses(connection), expected)

    async def unread(self, chance, gate, half_close):
        with await self.connect(receive_buffer=SMALL_BUFFER) as connection:
            asked = [self.ask(chance, "large") for _ in range(5)]
            self.requested += len(asked)
            await connection.send(b"".join(text for text, _ in asked))
            if half_close:
                connection.half_close()
            await gate.wait()
            if chance.random() < 0.3:
                connection.reset()
                return
            responses = Responses(connection)
            for _, expected in asked:
                await self.check(responses, expected)
            if half_close:
                await responses.end()

    async def held_unread(self, chance, gate):
        await self.unread(chance, gate, False)

    async def held_unread_half_closed(self, chance, gate):
        await self.unread(chance, gate, True)

    async def held_idle(self, chance, gate):
        with await self.connect() as connection:
            responses = Responses(connection)
            await self.turns(connection, responses, chance, 1)
            await gate.wait()
            await self.turns(connection, responses, chance, 2)

    async def held_answered(self, chance, gate):
        """The server has ended its side, the client has not."""
        with await self.connect() as connection:
            text, expected = self.ask(chance, last=True)
            await self.send_request(connection, text, chance)
            responses = Responses(connection)
            await self.check(responses, expected)
            await responses.end()
            await gate.wait()
            if chance.random() < 0.3:
                connection.reset()

    async def held_unused(self, chance, gate):
        with await self.connect() as connection:
            await gate.wait()
            if chance.random() < 0.3:
                connection.reset()

    # --- the end ---

    async def last(self):
        """A connection that is open when the server is stopped."""
        return [await self.connect()]

    def check_summary(self, numbers):
        accepted, still_open, requests, out, too_slow = numbers
        require(too_slow == 0, "nobody is too slow for these limits")
        require(accepted == self.figures.connected, "it counts %d connections", self.figures.connected)
        require(still_open == 1, "one is open at the end")
        require(self.answered <= requests <= self.requested,
                "%d to %d requests are counted", self.answered, self.requested)
        require(out >= self.figures.received, "at least %d bytes are counted", self.figures.received)
