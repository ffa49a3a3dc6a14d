# SPDX-License-Identifier: MIT
"""Keeps a server of examples/ under clients that stall, reset, half-close and flood, in rounds.

    soak.py EXAMPLE SECONDS TABLE        EXAMPLE: http_server, proxy, proxy-unix, chat

Each round ends with all that is left stalled, when the server has to sleep, and then with nobody
connected, when its descriptors have to be those that it began with. From the first round's end to
the last one's its memory must not grow. EXAMPLES_DIR is where the programs are, MIO_BACKEND chooses
their selector, SOAK_SEED replays what each client does. Figures are appended to TABLE.
"""
import asyncio
import collections
import os
import random
import resource
import signal
import sys
import tempfile
import time

sys.dont_write_bytecode = True  # into the sources' folder

import chat_load
import http_load
import proxy_load
from server import Server
from wire import PATIENCE_S, Failure, Figures, bounded, connect, require

LOADS = {
    "http_server": http_load.Load,
    "proxy": proxy_load.Load,
    "proxy-unix": proxy_load.UnixLoad,
    "chat": chat_load.Load,
}
DESCRIPTORS = 2048

# A round of the longer modes; the short one has to have several too.
ROUND_S = 20
ROUNDS = 3

# Memory between the first quiet point and the last one may grow by GROWTH_KIB, for pages of the stack
# and of libc that only some accident touches. At least CONNECTIONS are made in between, however slow
# the machine: a leak of 100 bytes each, which malloc() makes 112, is then 87 KiB.
GROWTH_KIB = 32
CONNECTIONS = 800

# A server that spins has a whole processor, or its share of a busy machine; one that sleeps nothing,
# when what was on its way has arrived. In one of STALLED_TRIES windows of STALLED_S it has to use less
# than this part of one.
STALLED_S = 0.5
STALLED_TRIES = 10
STALLED_CPU = 0.05


class Gate:
    """Holds those who wait until it is opened, and tells when so many do."""

    def __init__(self, wanted):
        self.wanted, self.waiting = wanted, 0
        self.full, self.opened = asyncio.Event(), asyncio.Event()

    def arrive(self):
        self.waiting += 1
        if self.waiting == self.wanted:
            self.full.set()

    async def wait(self):
        self.arrive()
        await self.opened.wait()


QuietPoint = collections.namedtuple("QuietPoint", "connections descriptors resident anonymous")


class Soak:
    def __init__(self, example, seed, directory):
        self.example, self.seed = example, seed
        self.directory = directory  # for the load's own files
        self.figures = Figures()
        self.quiet_points = []
        self.address = self.server = self.descriptors = None
        self.tasks = set()
        self.failed = asyncio.get_running_loop().create_future()
        self.load = LOADS[example](self)

    def chance(self, *place):
        """What a client does depends on the seed and on which client it is, and not on the time."""
        return random.Random("%s/%s/%s" % (self.seed, self.example, place))

    def background(self, awaitable):
        """A task that nobody waits for; its failure is the soak's."""
        def ended(task):
            self.tasks.discard(task)
            if not task.cancelled() and task.exception() and not self.failed.done():
                self.failed.set_exception(task.exception())

        task = asyncio.ensure_future(awaitable)
        self.tasks.add(task)
        task.add_done_callback(ended)
        return task

    async def behave(self, kind, *arguments):
        self.figures.count(kind.__name__)
        try:
            await bounded(kind(*arguments), "the end of what it does")
        except (Failure, OSError) as error:
            raise Failure("%s: %s" % (kind.__name__, error)) from error

    async def server_has(self, connections):
        """Waits until the server has the descriptors of so many connections, and no other."""
        deadline = time.monotonic() + PATIENCE_S
        wanted = self.descriptors + connections * self.load.each
        while (now := self.server.descriptors()) != wanted:
            require(time.monotonic() < deadline,
                    "with %d connections the server has %d descriptors, not %d",
                    connections, wanted, now)
            await asyncio.sleep(0.01)

    async def crest(self, chance):
        """More at once than there are later, so that nothing has to grow any more."""
        connections = []
        try:
            for _ in range(self.load.crest):
                self.figures.count("crest")
                connections.append(await connect(self.address, self.figures))
            await self.server_has(self.load.crest)
        finally:
            for connection in connections:
                with connection:
                    if chance.random() < 0.5:
                        connection.reset()
        await self.server_has(0)

    async def slot(self, chance, until):
        while time.monotonic() < until:
            kind = chance.choices(list(self.load.kinds), self.load.kinds.values())[0]
            await self.behave(kind, chance)

    async def sleeps_when_stalled(self):
        for _ in range(STALLED_TRIES):
            cpu, start = self.server.cpu_seconds(), time.monotonic()
            await asyncio.sleep(STALLED_S)
            used = (self.server.cpu_seconds() - cpu) / (time.monotonic() - start)
            if used < STALLED_CPU:
                return
        raise Failure("the server spins: %d %% of a processor with everything stalled" % (100 * used))

    async def round(self, number, seconds):
        load = self.load
        await load.begin()
        await self.crest(self.chance("crest", number))
        await load.start(number)
        gate = Gate(sum(load.held.values()))
        held = [self.background(self.behave(kind, self.chance(kind.__name__, number, place), gate))
                for kind, count in load.held.items() for place in range(count)]
        until = time.monotonic() + seconds
        slots = [self.background(self.slot(self.chance("slot", number, place), until))
                 for place in range(load.slots)]
        await asyncio.gather(*slots)
        # Those who wait to be accepted come in their turn: whom this one is behind has been.
        await self.behave(load.exchange, self.chance("last", number))
        await bounded(gate.full.wait(), "all who hold their connection have it")
        await load.pause()
        await self.sleeps_when_stalled()
        gate.opened.set()
        await asyncio.gather(*held)
        await load.end()
        await self.server_has(0)
        self.quiet_points.append(
            QuietPoint(self.figures.connected, self.server.descriptors(), *self.server.memory()))

    async def run(self, seconds):
        began = time.monotonic()
        each = min(ROUND_S, seconds / ROUNDS)
        number = 0
        while time.monotonic() < began + seconds or number < 2 or self.connections() < CONNECTIONS:
            # What a round needs beside, of which the stalled second is most, is part of its time.
            await self.round(number, max(each - STALLED_S - 0.3, 0.3))
            number += 1
        self.check_memory()
        open_ones = await self.load.last()
        await self.server_has(1)
        line, numbers = self.server.stop(self.chance("stop").choice([signal.SIGTERM, signal.SIGINT]))
        for connection in open_ones:
            with connection:
                await bounded(connection.recv_to_the_end(), "the end that the server makes")
        print(line)
        try:
            self.load.check_summary(numbers)
        except (Failure, ValueError) as error:
            raise Failure("its summary is %r: %s" % (line, error)) from None

    def connections(self):
        return self.quiet_points[-1].connections - self.quiet_points[0].connections

    def check_memory(self):
        first, last = self.quiet_points[0].anonymous, self.quiet_points[-1].anonymous
        require(last <= first + GROWTH_KIB or "SOAK_NO_MEMORY" in os.environ,
                "memory stays as it is: %d KiB grew to %d KiB in %d connections",
                first, last, self.connections())

    async def whole(self, seconds):
        """The run, or the first failure of whatever runs beside it."""
        run = asyncio.ensure_future(self.run(seconds))
        try:
            await asyncio.wait({run, self.failed}, return_when=asyncio.FIRST_COMPLETED)
            await (self.failed if self.failed.done() else run)
        finally:
            for task in [run, *self.tasks]:
                task.cancel()
            await asyncio.gather(run, *self.tasks, return_exceptions=True)

    def row(self, seconds):
        figures, first, last = self.figures, self.quiet_points[0], self.quiet_points[-1]
        kinds = ", ".join("%s %d" % item for item in sorted(figures.kinds.items()))
        return ROW % (
            self.example, os.environ.get("MIO_BACKEND", "-"), seconds, figures.connected, figures.resets,
            figures.compared >> 20, self.descriptors, last.descriptors, first.resident, last.resident,
            last.anonymous - first.anonymous) + "  %s\n" % kinds


ROW = "%-12s %-8s %5d s %7d %7d %6d MiB %4d %4d %6d KiB %6d KiB %+5d KiB\n"
HEADLINE = "%-12s %-8s %7s %7s %7s %10s %9s %10s %10s %9s\n" % (
    "example", "selector", "time", "clients", "resets", "compared", "fds", "RSS first", "RSS last",
    "allocated")


def main(example, seconds, table):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < DESCRIPTORS:
        print("skipped: needs a limit of %d descriptors" % DESCRIPTORS)
        sys.exit(77)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, DESCRIPTORS), hard))
    if not os.path.exists("/proc/self/smaps_rollup"):
        print("skipped: needs /proc/PID/smaps_rollup")
        sys.exit(77)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by a signal"))

    seed = os.environ.get("SOAK_SEED") or str(random.SystemRandom().randrange(1 << 32))
    selector = os.environ.get("MIO_BACKEND", "its selector")
    print("%s, %s: SOAK_SEED=%s" % (example, selector, seed), flush=True)
    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(soak(example, seed, directory, float(seconds), table))


async def soak(example, seed, directory, seconds, table):
    began = time.monotonic()
    this = Soak(example, seed, directory)
    program = os.path.join(os.environ["EXAMPLES_DIR"], this.load.program)
    with Server(program, this.load.arguments) as this.server:
        this.address = this.server.address()
        this.descriptors = this.server.descriptors()
        try:
            await this.whole(seconds)
        except Failure as failure:
            status = this.server.process.poll()
            if status:
                print("the server has ended with %d:\n%s" % (status, this.server.output()))
            raise failure
    with open(table, "a") as file:
        file.write(this.row(time.monotonic() - began))


if __name__ == "__main__":
    if sys.argv[1] == "--headline":
        print(HEADLINE, end="")
    else:
        try:
            main(*sys.argv[1:])
        except Failure as failure:
            sys.exit("FAILED: %s" % failure)
