# SPDX-License-Identifier: MIT
"""Runs the programs of this folder against each other and against clients: try.py FOLDER [LIBRARY]...

FOLDER has the programs, as mio_echo. All is on 127.0.0.1. Ends with an error at the first outcome that is not
what it has to be, whichever library it is.
"""
import contextlib
import os
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time

FOLDER, LIBRARIES = sys.argv[1], sys.argv[2:]
TEXT = bytes(range(256)) * 4096  # a mebibyte
WAIT = 60                        # until something hangs


def program(library, name):
    return os.path.join(FOLDER, f"{library}_{name}")


def has(name):
    return [library for library in LIBRARIES if os.path.exists(program(library, name))]


def free_port():
    """One that neither TCP nor UDP uses."""
    with socket.socket() as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        tcp.bind(("127.0.0.1", 0))
        udp.bind(tcp.getsockname())
        return tcp.getsockname()[1]


def connect(port):
    return socket.create_connection(("127.0.0.1", port), WAIT)


@contextlib.contextmanager
def server(library, name, *arguments):
    port = free_port()
    process = subprocess.Popen([program(library, name), str(port), *arguments])
    try:
        deadline = time.monotonic() + WAIT
        while True:
            try:
                connect(port).close()
                break
            except OSError:
                assert process.poll() is None and time.monotonic() < deadline, "no server"
                time.sleep(0.02)
        yield port
        assert process.poll() is None, "the server has ended"
    finally:
        process.kill()
        process.wait()


def read_all(stream):
    parts = []
    while part := stream.recv(65536):
        parts.append(part)
    return b"".join(parts)


def send_and_end(stream, text):
    stream.sendall(text)
    stream.shutdown(socket.SHUT_WR)


def try_halves(port):
    """All is sent back, though the client has ended its half before it reads."""
    streams = [connect(port) for _ in range(8)]
    threads = [threading.Thread(target=send_and_end, args=(stream, TEXT)) for stream in streams]
    for thread in threads:
        thread.start()
    for stream in streams:
        assert read_all(stream) == TEXT, "echo"
        stream.close()
    for thread in threads:
        thread.join()


def try_unread(port):
    """A client that does not read is not read from; it gets all when it reads."""
    with connect(port) as stream:
        sent = 0
        stream.settimeout(0.5)
        try:
            while sent < 1 << 26:
                sent += stream.send(TEXT)
        except TimeoutError:
            pass
        assert sent < 1 << 26, "no back-pressure"
        stream.settimeout(WAIT)
        stream.shutdown(socket.SHUT_WR)
        assert len(read_all(stream)) == sent, "back-pressure"


def try_reset(port):
    """Clients that go away while they are answered, their half ended, cost the server nothing: no SIGPIPE."""
    for _ in range(200):
        stream = connect(port)
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        send_and_end(stream, TEXT[:1000])
        stream.close()


def try_datagrams(port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.settimeout(WAIT)
        udp.connect(("127.0.0.1", port))
        for size in (1, 100, 1400, 0, 60000):
            udp.send(TEXT[:size])
            assert udp.recv(65536) == TEXT[:size], "datagram"


def try_echo(library):
    with server(library, "echo") as port:
        try_datagrams(port)
        try_halves(port)
        try_unread(port)
        try_reset(port)
        try_halves(port)
        for client in has("clients"):
            said = run_clients(client, port).communicate(timeout=WAIT)[0]
            assert said == "200 replied, 0 timed out, 0 failed\n", (client, said)


def run_clients(library, port):
    return subprocess.Popen([program(library, "clients"), str(port)], stdout=subprocess.PIPE, text=True)


def try_failures():
    """Nobody listens; nobody accepts, so that connecting takes too long; nobody replies."""
    refused = free_port()
    with socket.socket() as full, socket.socket() as silent:
        for listener, backlog in ((full, 1), (silent, 1024)):
            listener.bind(("127.0.0.1", 0))
            listener.listen(backlog)
        cases = [(refused, "0 replied, 0 timed out, 200 failed\n"),
                 (full.getsockname()[1], "0 replied, 200 timed out, 0 failed\n"),
                 (silent.getsockname()[1], "0 replied, 200 timed out, 0 failed\n")]
        running = [(library, run_clients(library, port), due) for port, due in cases for library in has("clients")]
        for library, process, due in running:
            said = process.communicate(timeout=WAIT)[0]
            assert said == due, (library, said)


def tls(port):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(connect(port))


def read_exactly(stream, size):
    parts = []
    while size > 0:
        parts.append(stream.recv(size))
        assert parts[-1], "end"
        size -= len(parts[-1])
    return b"".join(parts)


def try_tls(library, certificate, key):
    with server(library, "tls", certificate, key) as port:
        for _ in range(3):
            with connect(port) as stream:  # who does not speak TLS
                stream.sendall(b"hello\n" * 100)
                with contextlib.suppress(ConnectionResetError):
                    read_all(stream)
            streams = [tls(port) for _ in range(8)]
            for stream in streams:
                for start in range(0, len(TEXT), 1 << 17):
                    part = TEXT[start:start + (1 << 17)]
                    stream.sendall(part)
                    assert read_exactly(stream, len(part)) == part, "echo"
            for stream in streams[:4]:
                stream.unwrap().close()  # waits for the server's end
            for stream in streams[4:]:
                stream.close()  # goes away without a word


def try_outcome(library, name, due):
    said = subprocess.run([program(library, name)], stdout=subprocess.PIPE, text=True, timeout=WAIT, check=True).stdout
    assert said == due, (library, said)


def main():
    certificate, key = os.path.join(FOLDER, "certificate.pem"), os.path.join(FOLDER, "key.pem")
    children = "".join(f"child {i}: exit {i}, output this is child {i}\n" for i in range(5))
    for library in has("echo"):
        try_echo(library)
    try_failures()
    for library in has("workers"):
        try_outcome(library, "workers", f"100 results, sum {sum(i * i for i in range(100))}\n")
    for library in has("children"):
        try_outcome(library, "children", children)
    for library in has("tls"):
        try_tls(library, certificate, key)


main()
