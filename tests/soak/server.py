# SPDX-License-Identifier: MIT
"""The server under test: a process, and what /proc tells of it."""
import os
import re
import signal
import subprocess
import tempfile
import time

from wire import Failure, PATIENCE_S, require

TICKS = os.sysconf("SC_CLK_TCK")


class Server:
    """`with` ends it in any case. Its output is its summary at the end."""

    def __init__(self, program, arguments):
        self.log = tempfile.TemporaryFile()
        # What is freed goes back to the kernel at once, connection by connection: so memory that
        # stays is memory that is held, to the page.
        environment = dict(os.environ, MALLOC_MMAP_THRESHOLD_="4096", MALLOC_TRIM_THRESHOLD_="0")
        self.process = subprocess.Popen([program, *arguments], stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=subprocess.STDOUT, env=environment)
        self.proc = "/proc/%d/" % self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.log.close()

    def output(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def address(self):
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline and self.process.poll() is None:
            match = re.search(r"^listening on ([\d.]+):(\d+)\n", self.output())
            if match:
                return match[1], int(match[2])
            time.sleep(0.01)
        raise Failure("the server did not start:\n" + self.output())

    def read(self, name):
        try:
            with open(self.proc + name) as file:
                return file.read()
        except OSError:
            raise Failure("the server is gone (%s)" % self.process.poll()) from None

    def descriptors(self):
        try:
            return len(os.listdir(self.proc + "fd"))
        except OSError:
            raise Failure("the server is gone (%s)" % self.process.poll()) from None

    def memory(self):
        """KiB: resident, and anonymous. The first may also grow when a page of the program's file is
        first used; the second is what it has allocated."""
        text = self.read("smaps_rollup")
        kib = {name: int(number) for name, number in re.findall(r"^(\w+): +(\d+) kB", text, re.M)}
        return kib["Rss"], kib["Anonymous"] + kib.get("Swap", 0)

    def cpu_seconds(self):
        fields = self.read("stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def stop(self, number):
        """Ends it by a signal; returns the figures of its last line, which have to be all numbers
        behind the selector's name."""
        self.process.send_signal(number)
        try:
            status = self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            raise Failure("the server does not end at %s" % signal.Signals(number).name) from None
        require(status == 0, "the server ends with 0, not with %d:\n%s", status, self.output())
        line = self.output().splitlines()[-1]
        backend, _, rest = line.partition(": ")
        wanted = os.environ.get("MIO_BACKEND", backend)
        require(backend == wanted, "the selector is %s: %s", wanted, line)
        return line, [int(number) for number in re.findall(r"\d+", rest)]
