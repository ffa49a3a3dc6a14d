# SPDX-License-Identifier: MIT
"""People in chat's room: members who speak and hear everything, and visitors of all kinds."""
import asyncio
import random
import string

from wire import SMALL_BUFFER, Failure, bounded, connect, require, together

MEMBERS = 12
LONGEST = 3900  # of what is said in a line: with its beginning it stays below chat's LINE
QUEUE = 262144  # chat.c's: who is less behind is not shown out

# How much may have been said that not every member has heard: far below QUEUE, so that whoever reads
# is never shown out, however slow this machine is.
WINDOW = 96 * 1024

TEXT = "".join(random.Random(0).choices(string.ascii_letters, k=65537 + LONGEST)).encode()


def text_of(speaker, number, size):
    at = (speaker * 31 + number * 101) % 65537
    return TEXT[at : at + size]


def line_of(speaker, number, size):
    return b"%d %d %d:%s\n" % (speaker, number, size, text_of(speaker, number, size))


class Room:
    """What has been said, and whom it has not reached yet."""

    def __init__(self):
        self.unheard = {}  # (speaker, number): how many members have still to hear it, and its size
        self.in_flight = self.said_bytes = 0
        self.changed = asyncio.Event()
        self.hellos = set()
        self.lurkers = 0  # who do not read all the time
        self.last = None  # speaker and number of the last line that is said to them

    async def wait_until(self, condition):
        while not condition():
            self.changed.clear()
            await self.changed.wait()

    def says(self, speaker, number, size, hearers):
        self.unheard[speaker, number] = [hearers, size]
        self.in_flight += size
        self.said_bytes += size

    def heard(self, speaker, number):
        left = self.unheard.get((speaker, number))
        if left:
            left[0] -= 1
            if left[0] == 0:
                del self.unheard[speaker, number]
                self.in_flight -= left[1]
                self.changed.set()


class Person:
    """A connection that speaks in numbered lines, and checks what it hears: lines come whole, and of
    each speaker in order and without a gap."""

    def __init__(self, load, connection, is_member=False):
        self.load, self.room, self.connection, self.is_member = load, load.room, connection, is_member
        load.people += 1
        self.name = load.people
        self.said = 0  # lines
        self.rest = b""
        self.first, self.next = {}, {}  # by speaker: the first line heard, and what has to follow
        self.lock = asyncio.Lock()
        self.bytes_before = self.room.said_bytes - self.room.in_flight

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.sock.close()

    def hear(self, data):
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            head, _, text = line.partition(b":")
            if head == b"hello":
                self.room.hellos.add(int(text))
                self.room.changed.set()
                continue
            words = head.split()
            require(len(words) == 3 and all(map(bytes.isdigit, words)), "lines come whole: %r", line[:80])
            speaker, number, size = map(int, words)
            require(text == text_of(speaker, number, size), "lines come whole: %r", line[:80])
            # Members are there before anybody speaks; others come in the midst of it.
            wanted = self.next.get(speaker, 0 if self.is_member else number)
            require(number == wanted, "line %d of %d comes, not %d", wanted, speaker, number)
            self.first.setdefault(speaker, number)
            self.next[speaker] = number + 1
            if self.is_member:
                self.room.heard(speaker, number)
        self.load.figures.compared += len(data)

    async def listen(self):
        """Until the server ends the connection."""
        while data := await self.connection.recv(1 << 18):
            self.hear(data)

    def has_heard(self, line):
        return line is not None and self.next.get(line[0], 0) > line[1]

    async def listen_always(self):
        await self.listen()
        raise Failure("a member who reads is shown out")

    async def while_listening(self, work):
        """Those who read everything are not shown out meanwhile."""
        listener, worker = asyncio.ensure_future(self.listen_always()), asyncio.ensure_future(work)
        try:
            await asyncio.wait({listener, worker}, return_when=asyncio.FIRST_COMPLETED)
            await (listener if listener.done() else worker)
        finally:
            listener.cancel()
            worker.cancel()
            await asyncio.gather(listener, worker, return_exceptions=True)

    def line(self, size):
        """A new one that all members have to hear."""
        line = line_of(self.name, self.said, size)
        self.room.says(self.name, self.said, len(line), MEMBERS - self.is_member)
        self.said += 1
        self.load.lines += 1
        return line

    async def say(self, size, chance, count=1):
        async with self.lock:
            await self.room.wait_until(lambda: self.room.in_flight < WINDOW)
            await self.connection.send_in_pieces(
                b"".join(self.line(size) for _ in range(count)), chance, 3)

    async def come_in(self, chance):
        """Says something. Once that is heard, this one hears too: what members say from now on."""
        await self.say(chance.randrange(100), chance)
        await self.everything_is_heard()
        self.said_before = {member.name: member.said for member in self.load.members}

    async def everything_is_heard(self):
        last = self.name, self.said - 1
        await self.room.wait_until(lambda: last not in self.room.unheard)

    async def lurk(self, pause=0):
        """Reads slowly as long as people talk, and then what has gathered, up to the very last line.
        Who falls too far behind is shown out instead."""
        try:
            while not self.has_heard(self.room.last):
                data = await self.connection.recv(1 << 13)
                if not data:
                    raise ConnectionResetError
                self.hear(data)
                if not self.room.last:
                    await asyncio.sleep(pause)
        except (ConnectionResetError, BrokenPipeError):
            self.load.shown_out += 1
            self.load.figures.count("shown_out")
            behind = self.room.said_bytes - self.bytes_before
            require(behind > QUEUE, "nobody is shown out for %d bytes", behind)
        else:
            for member in self.load.members:
                heard = self.next.get(member.name, self.said_before[member.name])
                require(heard == member.said, "a slow reader hears everything")
        for name, first in self.first.items():
            require(first <= self.said_before.get(name, first), "what is said is heard from the start")


class Load:
    program = "chat"
    each = 1  # descriptors of the server for a connection
    crest = 200
    slots = 12

    def __init__(self, soak):
        self.soak, self.figures = soak, soak.figures
        self.arguments = ["127.0.0.1:0"]
        self.people = self.lines = self.lines_at_most = self.shown_out = 0
        self.kinds = {
            self.exchange: 4, self.half_close: 4, self.flood: 1, self.reset: 4, self.ranter: 2,
            self.unused: 4,
        }
        self.held = {
            self.held_half_a_line: 10, self.held_unread: 10, self.held_unread_small: 10,
            self.held_slow_reader: 5,
        }

    async def person(self, is_member=False, **options):
        return Person(self, await connect(self.soak.address, self.figures, **options), is_member)

    async def begin(self):
        self.room = Room()

    async def start(self, number):
        """Lets the members in: when the first has heard the others' hello, all are there."""
        self.members = [await self.person(is_member=True) for _ in range(MEMBERS)]
        self.listeners = [self.soak.background(member.listen_always()) for member in self.members]
        for member in self.members[1:]:
            self.lines_at_most += 1
            await member.connection.send(b"hello:%d\n" % member.name)
        names = {member.name for member in self.members[1:]}
        await bounded(self.room.wait_until(lambda: names <= self.room.hellos), "all members are in")
        self.talking = True
        self.speakers = [
            self.soak.background(self.speak(member, self.soak.chance("speak", number, place)))
            for place, member in enumerate(self.members)]

    async def speak(self, member, chance):
        while self.talking:
            await member.say(chance.randrange(chance.choice([50, 500, LONGEST])), chance)
            await asyncio.sleep(chance.random() * 0.05)

    async def pause(self):
        self.talking = False
        await bounded(asyncio.gather(*self.speakers), "all that is said is taken")
        # The very last line goes behind all others into everybody's queue: whoever finds it there was
        # not shown out, and is not any more.
        await self.everything_is_heard()
        first = self.members[0]
        self.room.last = first.name, first.said
        await first.say(0, self.soak.chance("pause"))
        await self.everything_is_heard()

    async def everything_is_heard(self):
        await bounded(self.room.wait_until(lambda: not self.room.unheard), "everybody hears everything")

    async def end(self):
        await self.everything_is_heard()
        for listener in self.listeners:
            listener.cancel()
        await asyncio.gather(*self.listeners, return_exceptions=True)
        for member in self.members:
            require(member.rest == b"", "no line is torn: %r", member.rest[:80])
            member.connection.sock.close()

    # --- those who come and go ---

    async def exchange(self, chance):
        with await self.person() as person:
            async def talk():
                await person.come_in(chance)
                for _ in range(chance.randrange(5)):
                    await person.say(chance.randrange(LONGEST), chance)
                await person.everything_is_heard()

            await person.while_listening(talk())

    async def flood(self, chance):
        with await self.person() as person:
            async def talk():
                await person.come_in(chance)
                for _ in range(4):
                    size = chance.randrange(10, LONGEST)
                    await person.say(size, chance, WINDOW // 4 // size)
                await person.everything_is_heard()

            await person.while_listening(talk())

    async def half_close(self, chance):
        """What was said before has to be heard all the same."""
        with await self.person() as person:
            async def talk():
                await person.come_in(chance)
                await person.say(chance.randrange(LONGEST), chance, chance.randrange(1, 6))
                person.connection.half_close()

            await together(talk(), person.listen())
            await person.everything_is_heard()

    async def reset(self, chance):
        """In the midst of a line, which nobody may hear; of those before, as many as arrive."""
        with await self.person() as person:
            async def talk():
                await person.come_in(chance)
                count = chance.randrange(3)
                lines = [line_of(person.name, person.said + i, chance.randrange(1000))
                         for i in range(count)]
                self.lines_at_most += count
                self.room.said_bytes += sum(map(len, lines))
                await person.connection.send(b"".join(lines) + b"9999 0 100:torn")

            await person.while_listening(talk())
            person.connection.reset()

    async def ranter(self, chance):
        """Too long a line is an offence."""
        with await self.person() as person:
            await person.while_listening(person.come_in(chance))
            await person.connection.send(b"y" * 5000)
            await person.connection.recv_to_the_end()
            self.shown_out += 1

    async def unused(self, chance):
        with await self.person() as person:
            if chance.random() < 0.5:
                person.connection.reset()

    # --- those who hold their connection until the gate opens ---

    async def held_half_a_line(self, chance, gate):
        with await self.person() as person:
            async def talk():
                await person.come_in(chance)
                size = chance.randrange(1, LONGEST)
                line = line_of(person.name, person.said, size)
                cut = chance.randrange(1, len(line))
                await person.connection.send(line[:cut])
                await gate.wait()
                await self.room.wait_until(lambda: self.room.lurkers == 0)
                person.line(size)  # only now can it be heard
                await person.connection.send(line[cut:])
                await person.everything_is_heard()

            await person.while_listening(talk())

    async def lurk(self, chance, gate, receive_buffer, pause=0):
        self.room.lurkers += 1
        with await self.person(receive_buffer=receive_buffer) as person:
            await person.come_in(chance)
            gate.arrive()
            if not pause:
                await gate.opened.wait()
            await person.lurk(pause)
        self.room.lurkers -= 1
        self.room.changed.set()

    async def held_unread(self, chance, gate):
        await self.lurk(chance, gate, 0)

    async def held_unread_small(self, chance, gate):
        await self.lurk(chance, gate, SMALL_BUFFER)

    async def held_slow_reader(self, chance, gate):
        await self.lurk(chance, gate, SMALL_BUFFER, pause=0.02)

    # --- the end ---

    async def last(self):
        """A connection that is open when the server is stopped."""
        return [(await self.person()).connection]

    def check_summary(self, numbers):
        clients, lines, out, shown_out = numbers
        require(clients == self.figures.connected, "it counts %d clients", self.figures.connected)
        require(self.lines <= lines <= self.lines + self.lines_at_most,
                "%d to %d lines are counted", self.lines, self.lines + self.lines_at_most)
        require(out >= self.figures.received, "at least %d bytes are counted", self.figures.received)
        require(shown_out == self.shown_out, "%d are shown out", self.shown_out)
