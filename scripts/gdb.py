# SPDX-License-Identifier: MIT
"""Shows polls, sources, events and addresses of libmio by name in gdb: `source scripts/gdb.py`."""

import gdb

# As include/mio/interest.h has them.
BITS = [
    ("READABLE", 0x01),
    ("WRITABLE", 0x02),
    ("AIO", 0x04),
    ("LIO", 0x08),
    ("PRIORITY", 0x10),
    ("ERROR", 0x20),
    ("READ_CLOSED", 0x40),
    ("WRITE_CLOSED", 0x80),
    ("LEVEL", 0x100),
    ("ONESHOT", 0x200),
    ("EXCLUSIVE", 0x400),
]


def names(value):
    """Bits of readiness and modes, by name."""
    found = []
    rest = int(value)
    for name, bit in BITS:
        if rest & bit:
            found.append(name)
            rest &= ~bit
    if rest:
        found.append(hex(rest))
    return "|".join(found) or "nothing"


def selector_text(pointer):
    """A selector: the name of its kernel's interface, and its id."""
    if int(pointer) == 0:
        return "none"
    selector = pointer.dereference()
    return "%s, id %d" % (selector["ops"]["name"].string(), int(selector["id"]))


class Poll:
    """struct mio_poll"""

    def __init__(self, value):
        self.value = value

    def to_string(self):
        return "mio_poll over " + selector_text(self.value["registry"]["selector"])


class Source:
    """struct mio_source"""

    def __init__(self, value):
        self.value = value

    def to_string(self):
        fd = int(self.value["fd"])
        if fd == -1:
            return "mio_source, empty"
        if int(self.value["selector"]) == 0:
            return "mio_source of descriptor %d, not registered" % fd
        return "mio_source of descriptor %d, token %d, %s, in %s" % (
            fd,
            int(self.value["token"]),
            names(self.value["interest"]),
            selector_text(self.value["selector"]),
        )


class Event:
    """struct mio_event, as epoll has it; other layouts are shown as they are."""

    EPOLL = [("IN", 1), ("PRI", 2), ("OUT", 4), ("ERR", 8), ("HUP", 16), ("RDHUP", 0x2000), ("timer", 0x8000)]

    def __init__(self, value):
        self.value = value

    def to_string(self):
        events = int(self.value["events"])
        shown = [name for name, bit in self.EPOLL if events & bit]
        return "mio_event of token %d: %s" % (int(self.value["data"]), "|".join(shown) or hex(events))


def find(value):
    """The printer for a value, or None."""
    kind = value.type.strip_typedefs()
    if kind.code != gdb.TYPE_CODE_STRUCT:
        return None
    fields = [field.name for field in kind.fields()]
    if kind.tag == "mio_poll" and "registry" in fields:
        return Poll(value)
    if kind.tag == "mio_source" and "interest" in fields:
        return Source(value)
    if kind.tag == "mio_event" and "events" in fields:
        return Event(value)
    return None


gdb.pretty_printers.append(find)
