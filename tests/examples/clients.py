# SPDX-License-Identifier: MIT
"""Clients of the examples, run by the scripts beside: clients.py NAME ADDRESS ARGUMENT..."""
import ctypes
import os
import random
import socket
import struct
import sys
import threading
import time

LIMIT_S = 50


def connect(address):
    host, port = address.rsplit(":", 1)
    return socket.create_connection((host, int(port)), timeout=LIMIT_S)


def require(condition, what):
    if not condition:
        sys.exit("not so: " + what)


def in_thread(function, *arguments):
    thread = threading.Thread(target=function, args=arguments, daemon=True)
    thread.start()
    return thread


def join(*threads):
    for thread in threads:
        thread.join(LIMIT_S)
        require(not thread.is_alive(), "a thread ends in time")


def read_all(sock):
    parts = []
    while part := sock.recv(1 << 16):
        parts.append(part)
    return b"".join(parts)


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def descriptors(process):
    return len(os.listdir("/proc/%s/fd" % process))


def until(condition, what):
    deadline = time.monotonic() + LIMIT_S
    while not condition():
        require(time.monotonic() < deadline, what)
        time.sleep(0.01)


# --- listeners ---


def shut_listener_down(process):
    """Shuts the listener of another process down, as who shares it may. Exits with 77 where it
    cannot be got: it takes Linux 5.6, and the right to trace."""
    libc = ctypes.CDLL(None, use_errno=True)
    pidfd_open, pidfd_getfd = 434, 438  # the same on every CPU
    handle = libc.syscall(pidfd_open, int(process), 0) if sys.platform == "linux" else -1
    if handle < 0:
        sys.exit(77)
    for number in sorted(map(int, os.listdir("/proc/%s/fd" % process))):
        copy = libc.syscall(pidfd_getfd, handle, number, 0)
        if copy < 0:
            sys.exit(77)
        try:
            sock = socket.socket(fileno=copy)
        except OSError:  # another kind of descriptor
            os.close(copy)
            continue
        if sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            sock.shutdown(socket.SHUT_RDWR)
            sys.exit(0)
    sys.exit("no listener")


# --- echo ---


def udp(address, count):
    host, port = address.rsplit(":", 1)
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.settimeout(LIMIT_S)
    chance = random.Random(1)
    sizes = [0, 1, 65507] + [chance.randrange(9000) for _ in range(int(count))]
    for first in range(0, len(sizes), 8):  # few at a time: the kernel may drop what does not fit
        sent = [chance.randbytes(size) for size in sizes[first : first + 8]]
        for datagram in sent:
            sock.sendto(datagram, (host, int(port)))
        got = [sock.recvfrom(65535)[0] for _ in sent]
        require(got == sent, "the datagrams that come back are those that were sent")


def echo(address, count, size):
    def one(seed):
        data = random.Random(seed).randbytes(int(size))
        sock = connect(address)

        def send():
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)

        sender = in_thread(send)
        results[seed] = read_all(sock) == data
        join(sender)

    results = {}
    join(*[in_thread(one, seed) for seed in range(int(count))])
    require(all(results.values()) and len(results) == int(count), "each echo is what was sent")


# --- chat ---


def chat(address, clients, lines):
    clients, lines = int(clients), int(lines)
    socks = [connect(address) for _ in range(clients)]
    # A line of each, seen by the others, says that all have been let in.
    for i, sock in enumerate(socks):
        sock.sendall(b"here %d\n" % i)
    files = [sock.makefile("rb") for sock in socks]

    def listen(i):
        counts = [0] * clients
        while any(counts[j] < lines for j in range(clients) if j != i):
            words = files[i].readline().split()
            require(words, "the room does not show anybody out")
            if words[0] == b"line":
                who, number = int(words[1]), int(words[2])
                require(who != i and number == counts[who], "lines come whole, in order, to others")
                counts[who] += 1
        done.append(i)

    def speak(i):
        for number in range(lines):
            text = b"line %d %d %s\n" % (i, number, b"x" * (number % 50))
            cut = number % len(text)
            socks[i].sendall(text[:cut])
            socks[i].sendall(text[cut:])

    time.sleep(0.3)
    done = []
    listeners = [in_thread(listen, i) for i in range(clients)]
    join(*[in_thread(speak, i) for i in range(clients)])
    join(*listeners)
    require(len(done) == clients, "everybody has everything")


def chat_slow(address):
    """Who does not read is shown out, which nobody else notices, and so is who rants."""
    slow, fast, sender = connect(address), connect(address), connect(address)
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    time.sleep(0.3)
    chunk = (b"z" * 1023 + b"\n") * 32
    for _ in range(512):  # more than all buffers on the way
        sender.sendall(chunk)
        left = len(chunk)
        while left > 0:
            part = fast.recv(left)
            require(part, "the fast reader stays")
            left -= len(part)
    slow.close()  # the server says how many it has shown out
    long = connect(address)
    long.sendall(b"y" * 5000)
    try:
        require(long.recv(1) == b"", "too long a line ends its client")
    except ConnectionResetError:
        pass


# --- proxy ---


def target_of(spec):
    """Listens where the proxy connects to."""
    if spec.startswith("unix:"):
        name = spec[5:]
        sock = socket.socket(socket.AF_UNIX)
        sock.bind("\0" + name[1:] if name.startswith("@") else name)
    else:
        host, port = spec.rsplit(":", 1)
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, int(port)))
    sock.listen(128)
    sock.settimeout(LIMIT_S)
    return sock


def send_file(sock, path):
    with open(path, "rb") as file:
        while part := file.read(1 << 18):
            sock.sendall(part)
    sock.shutdown(socket.SHUT_WR)


def receive_file(sock, path):
    buffer = bytearray(1 << 18)
    with open(path, "wb") as file:
        while n := sock.recv_into(buffer):
            file.write(memoryview(buffer)[:n])


def proxy(address, spec, up, down, got_up, got_down, process):
    """A file each way at once; says how fast, and how the proxy's memory grew."""

    def resident():
        with open("/proc/%s/status" % process) as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))

    listener = target_of(spec)
    start = time.monotonic()
    client = connect(address)
    target = listener.accept()[0]
    target.settimeout(LIMIT_S)
    threads = [
        in_thread(send_file, client, up),
        in_thread(receive_file, target, got_up),
        in_thread(send_file, target, down),
        in_thread(receive_file, client, got_down),
    ]
    size = os.path.getsize(up)
    early = None
    while any(thread.is_alive() for thread in threads):
        time.sleep(0.01)
        if early is None and os.path.exists(got_up) and os.path.getsize(got_up) > size // 16:
            early = resident()
        require(time.monotonic() - start < 300, "the transfer ends in time")
    seconds = time.monotonic() - start
    late = resident()
    early = early or late
    total = size + os.path.getsize(down)
    print("%.0f MiB/s both ways together, resident %d KiB early, %d KiB at the end"
          % (total / seconds / (1 << 20), early, late))
    require(late <= early + 2048, "memory does not grow")


def proxy_half_close(address, spec):
    listener = target_of(spec)
    data = random.Random(2).randbytes(3 << 20)

    # The client ends first, then the target answers.
    client = connect(address)
    target = listener.accept()[0]
    client.sendall(b"question")
    client.shutdown(socket.SHUT_WR)
    require(read_all(target) == b"question", "the client's end reaches the target")
    sender = in_thread(lambda: (target.sendall(data), target.close()))
    require(read_all(client) == data, "the target can still answer")
    join(sender)
    client.close()

    # The target ends first, then the client goes on.
    client = connect(address)
    target = listener.accept()[0]
    target.settimeout(LIMIT_S)
    target.shutdown(socket.SHUT_WR)
    require(client.recv(1) == b"", "the target's end reaches the client")
    sender = in_thread(lambda: (client.sendall(data), client.shutdown(socket.SHUT_WR)))
    require(read_all(target) == data, "the client can still send")
    join(sender)

    # Both end at once, with nothing said.
    client = connect(address)
    target = listener.accept()[0]
    client.shutdown(socket.SHUT_WR)
    target.shutdown(socket.SHUT_WR)
    require(client.recv(1) == b"" and target.recv(1) == b"", "both ends are passed on")


def proxy_stalled(address, spec):
    """A client that does not read stalls the target, and later gets everything."""
    listener = target_of(spec)
    client = connect(address)
    target = listener.accept()[0]
    target.setblocking(False)
    sent, quiet = 0, 0
    while quiet < 20:
        try:
            sent += target.send(b"w" * 65536)
            quiet = 0
        except BlockingIOError:
            quiet += 1
            time.sleep(0.02)
        require(sent < 64 << 20, "the proxy does not swallow everything")
    target.setblocking(True)
    target.close()
    require(len(read_all(client)) == sent, "all of it arrives")
    print("stalled after %d KiB" % (sent >> 10))


def proxy_reset(address, spec, process):
    """A reset after the end of what was sent, while the other side says nothing: the tunnel ends."""
    listener = target_of(spec)
    before = descriptors(process)
    targets, clients = [], []
    for i in range(20):
        client = connect(address)
        target = listener.accept()[0]
        target.settimeout(LIMIT_S)
        first, second = (client, target) if i % 2 == 0 else (target, client)
        if first.family == socket.AF_UNIX:
            first, second = second, first  # a Unix socket cannot reset
        first.shutdown(socket.SHUT_WR)
        require(second.recv(1) == b"", "the end is passed on")
        reset(first)
        targets.append(target)
        clients.append(client)
    until(lambda: descriptors(process) == before, "the proxy lets go of tunnels that were reset")


def proxy_crowd(address, spec, count):
    """More clients than the proxy has descriptors for: each waits for its turn, and is served."""

    def answer():
        for _ in range(int(count)):
            target = listener.accept()[0]
            target.settimeout(LIMIT_S)
            in_thread(lambda sock: (sock.sendall(read_all(sock)), sock.close()), target)

    listener = target_of(spec)
    answering = in_thread(answer)
    socks = [connect(address) for _ in range(int(count))]
    for i, sock in enumerate(socks):
        text = b"client %d" % i
        sock.sendall(text)
        sock.shutdown(socket.SHUT_WR)
        require(read_all(sock) == text, "client %d is served in its turn" % i)
        sock.close()
    join(answering)


def proxy_refused(address):
    client = connect(address)
    try:
        require(client.recv(1) == b"", "without a target the client is let go")
    except ConnectionResetError:
        pass


# --- HTTP ---


def read_response(file, head_only=False):
    line = file.readline()
    require(line.startswith(b"HTTP/1.1 ") and line.endswith(b"\r\n"), "a status line: %r" % line)
    headers = {}
    while (header := file.readline()) != b"\r\n":
        name, value = header.split(b":", 1)
        headers[name.lower()] = value.strip()
    length = int(headers[b"content-length"])
    body = b"" if head_only else file.read(length)
    require(head_only or len(body) == length, "the body is as long as promised")
    return int(line.split()[1]), headers, body


def http_pipelined(address, directory, count):
    """Many requests on one connection, in pieces of any size, without waiting for responses."""
    chance = random.Random(3)
    names = sorted(os.listdir(directory))
    names = [name for name in names if os.path.isfile(os.path.join(directory, name))]
    asked = [(chance.choice(["GET", "GET", "HEAD"]), chance.choice(names + ["missing"]))
             for _ in range(int(count))]
    text = b"".join(b"%s /%s HTTP/1.1\r\nHost: x\r\n\r\n" % (method.encode(), name.encode())
                    for method, name in asked)
    sock = connect(address)

    def send():
        at = 0
        while at < len(text):
            size = chance.choice([1, 7, 40, 400, 4000])
            sock.sendall(text[at : at + size])
            at += size
        sock.shutdown(socket.SHUT_WR)

    sender = in_thread(send)
    file = sock.makefile("rb")
    for method, name in asked:
        status, headers, body = read_response(file, method == "HEAD")
        require(status == (404 if name == "missing" else 200), "%s gives %d" % (name, status))
        if status == 200:
            with open(os.path.join(directory, name), "rb") as original:
                wanted = original.read()
            require(int(headers[b"content-length"]) == len(wanted), "Content-Length of " + name)
            require(method == "HEAD" or body == wanted, "every byte of " + name)
    require(file.read(1) == b"", "nothing follows the last response")
    join(sender)


def http_statuses(address):
    get = b"GET / HTTP/1.1\r\nHost: x\r\n"
    cases = [
        (get + b"\r\n", 200, True),
        (b"\r\n" + get + b"\r\n", 200, True),
        (b"GET /?query HTTP/1.1\r\nhOST:x\r\n\r\n", 200, True),
        (b"GET /%69ndex.html HTTP/1.1\r\nHost: x\r\n\r\n", 200, True),
        (b"GET /sub/ HTTP/1.1\r\nHost: x\r\n\r\n", 200, True),
        (b"GET / HTTP/1.0\r\n\r\n", 200, False),
        (b"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", 200, True),
        (get + b"Connection: foo, close\r\n\r\n", 200, False),
        (get + b"Connection: close\r\nConnection: keep-alive\r\n\r\n", 200, False),
        (get + b"Connection: keep-alive\r\nConnection: close\r\n\r\n", 200, False),
        (get + b"Connection: close\r\nConnection: x-foo\r\n\r\n", 200, False),
        (b"GET / HTTP/1.0\r\nConnection: close\r\nConnection: keep-alive\r\n\r\n", 200, False),
        (b"GET / HTTP/1.2\r\nHost: x\r\n\r\n", 200, True),
        (b"\r\n\r\n" + get + b"\r\n", 200, True),
        (b"\r\n" * 9000 + get + b"\r\n", 200, True),
        (b"GET http://x/sub/ HTTP/1.1\r\nHost: x\r\n\r\n", 200, True),
        (b"GET HTTP://x:80 HTTP/1.1\r\nHost: y\r\n\r\n", 200, True),
        (b"GET http://[::1]:80?q HTTP/1.1\r\nHost:\r\n\r\n", 200, True),
        (b"GET http:///x HTTP/1.1\r\nHost: x\r\n\r\n", 400, False),
        (b"GET http://a@x/ HTTP/1.1\r\nHost: x\r\n\r\n", 400, False),
        (b"GET http://x/../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", 400, False),
        (b"GET http://x HTTP/1.1\r\n\r\n", 400, False),
        (b"GET / HTTP/1.1\r\nHost: x y\r\n\r\n", 400, False),
        (b"GET / HTTP/1.1\r\nHost: x/y\r\n\r\n", 400, False),
        (b"GET / HTTP/1.1\r\nHost: a@x\r\n\r\n", 400, False),
        (b"GET / HTTP/1.1\r\nHost: x:80:80\r\n\r\n", 400, False),
        (b"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400, False),
        (b"GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", 200, True),
        (b"GET / HTTP/1.x\r\nHost: x\r\n\r\n", 400, False),
        (b"GET /missing HTTP/1.1\r\nHost: x\r\n\r\n", 404, True),
        (b"GET //etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", 404, True),
        (b"GET /fifo HTTP/1.1\r\nHost: x\r\n\r\n", 404, True),
        (b"GET /../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", 400, False),
        (b"GET /sub/.. HTTP/1.1\r\nHost: x\r\n\r\n", 400, False),
        (b"GET /%2e%2E%2fetc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", 400, False),
        (b"GET /a%00b HTTP/1.1\r\nHost: x\r\n\r\n", 400, False),
        (b"GET /a%4 HTTP/1.1\r\nHost: x\r\n\r\n", 400, False),
        (b"GET / HTTP/1.1\r\n\r\n", 400, False),
        (get + b"Host: y\r\n\r\n", 400, False),
        (get + b"Content-Length: 3\r\n\r\nabc", 400, False),
        (get + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, False),
        (get + b"Bad Name: x\r\n\r\n", 400, False),
        (get + b" folded\r\n\r\n", 400, False),
        (get + b"A: b\nC: d\r\n\r\n", 400, False),
        (get + b"A: \x00\r\n\r\n", 400, False),
        (b"GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400, False),
        (b"GET /\r\n\r\n", 400, False),
        (b"nonsense\r\n\r\n", 400, False),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4000\r\n\r\n" + b"b" * 4000, 405, False),
        (b"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505, False),
        (get + b"A: " + b"a" * 9000, 431, False),
        (get + b"A: " + b"a" * 1000000 + b"\r\n\r\n", 431, False),
    ]
    for text, wanted, kept in cases:
        sock = connect(address)
        try:
            sock.sendall(text)
        except (BrokenPipeError, ConnectionResetError):
            pass
        file = sock.makefile("rb")
        status, headers, _ = read_response(file)
        require(status == wanted, "%r gives %d, not %d" % (text[:60], wanted, status))
        if kept:
            sock.sendall(get + b"\r\n")
            require(read_response(file)[0] == 200, "kept alive after %r" % text[:60])
        else:
            require(headers[b"connection"] == b"close" and file.read(1) == b"",
                    "closed after %r" % text[:60])
        sock.close()


def http_crowd(address, count):
    """More connections than the server has descriptors for: all are served in the end."""
    socks = [connect(address) for _ in range(int(count))]
    time.sleep(1)  # the script looks whether the server spins
    for sock in socks:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        with sock.makefile("rb") as file:
            status = read_response(file)[0]
            require(status in (200, 503), "served in its turn: %d" % status)
        sock.close()


def is_closed(sock):
    """Whether the server has closed it; what it sends is read and dropped."""
    try:
        return sock.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True


def went_on(sock, byte):
    try:
        sock.send(byte)
    except BlockingIOError:
        pass
    except (BrokenPipeError, ConnectionResetError):
        return False
    return not is_closed(sock)


def slow_reader(address, path):
    """One whose own buffer is small, so that the rest of the response stays with the server."""
    host, port = address.rsplit(":", 1)
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.settimeout(LIMIT_S)
    sock.connect((host, int(port)))
    sock.sendall(b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % path.encode())
    return sock


def http_slow(address, count, path, size):
    """Clients that say nothing, a head byte by byte, nothing more, and that hardly read: the server
    closes all of them, while others are served."""
    request = b"GET /small HTTP/1.1\r\nHost: x\r\n"
    count = int(count)
    silent = [connect(address) for _ in range(count)]
    heads = [connect(address) for _ in range(count)]
    idle = [connect(address) for _ in range(count)]
    readers = [slow_reader(address, path) for _ in range(count)]
    for sock in heads:
        sock.sendall(request)
    for sock in idle:
        sock.sendall(request + b"\r\n")
        require(read_response(sock.makefile("rb"))[0] == 200, "served before it is idle")
    for sock in silent + heads + idle + readers:
        sock.setblocking(False)
    served = 0
    deadline = time.monotonic() + LIMIT_S
    while silent or heads or idle:
        silent = [sock for sock in silent if not is_closed(sock)]
        heads = [sock for sock in heads if went_on(sock, b"a")]
        idle = [sock for sock in idle if not is_closed(sock)]
        readers = [sock for sock in readers if not is_closed(sock)]
        require(len(readers) == count, "what was sent is still there to be read")
        require(time.monotonic() < deadline, "all are closed in time")
        with connect(address) as sock:
            sock.sendall(request + b"Connection: close\r\n\r\n")
            served += b"200 OK" in read_all(sock)
    require(served > 0, "others are served meanwhile")
    for sock in readers:
        sock.settimeout(LIMIT_S)
        try:
            got = len(read_all(sock))
        except ConnectionResetError:
            got = 0
        require(got < int(size), "a reader was closed before the end")


def proxy_idle(address, spec):
    """A tunnel through which nothing passes is closed at both ends; one that is used is not."""
    listener = target_of(spec)
    idle = connect(address)
    idle_target = listener.accept()[0]
    idle.sendall(b"x")
    require(idle_target.recv(1) == b"x", "it passes bytes")
    used = connect(address)
    used_target = listener.accept()[0]
    idle.setblocking(False)
    deadline = time.monotonic() + LIMIT_S
    while not is_closed(idle):
        used.sendall(b"y")
        require(used_target.recv(1) == b"y", "one that is used goes on")
        require(time.monotonic() < deadline, "an idle one is closed in time")
        time.sleep(0.01)
    require(idle_target.recv(1) == b"", "its target, too")


def proxy_unanswered(address, spec):
    """A target whose queue is full does not answer: its client is closed."""
    listener = target_of(spec)
    listener.listen(0)
    clients = [connect(address) for _ in range(12)]
    closed = 0
    deadline = time.monotonic() + LIMIT_S
    for sock in clients:
        sock.setblocking(False)
    while closed == 0:
        closed = sum(is_closed(sock) for sock in clients)
        require(time.monotonic() < deadline, "who is not connected is closed in time")
        time.sleep(0.01)


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
