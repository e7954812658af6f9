#!/usr/bin/python3
"""The same answers of a hostile container to nginx and to our gateway: what nginx does not pass on we do not, what both
pass on is the same, and no answer is ever one to the next request.

    tests/fuzz/answers-against-nginx.py [--seconds N | --cases N] [--seed N]

A client that got less than an answer's end has got nothing: what was cut off is no difference."""
import argparse
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests" / "lib"))
from hostile_answers import answer  # noqa: E402
from ringbinder.gateway import Gateway, connect, read_all  # noqa: E402
from ringbinder.nginx import Nginx  # noqa: E402
from ringbinder.peer import Server, read_head  # noqa: E402
from ringbinder.recorder import Unreadable, read_chunks  # noqa: E402

FOUND_MAX = 20
PATIENCE_S = 0.03  # of the server, for a next request, before it closes
READING_FAULTS = (Unreadable, ValueError, IndexError)
GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood"


class Container:
    """Answers with what it is told to; a path that ends with "good" is answered well."""

    def __init__(self):
        self.said, self.closes = GOOD, False
        self.server = Server(self.talk)

    def talk(self, connection):
        while (head := read_head(connection)):
            if b"/good " in head.split(b"\r\n")[0]:
                connection.sendall(GOOD)
                connection.settimeout(None)
                continue
            connection.sendall(self.said)
            if self.closes:
                return
            connection.settimeout(PATIENCE_S)

    def say(self, said, closes):
        self.said, self.closes = said, closes


def read_answer(got):
    """(status, body) of the first real answer in what a client got until the end, or None where it has no end."""
    while True:
        head, blank, rest = got.partition(b"\r\n\r\n")
        if not blank:
            return None
        first, *lines = head.split(b"\r\n")
        status = int(first.split(b" ")[1])
        if status >= 200:
            break
        got = rest
    fields = {name.strip().lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}
    if status in (204, 304):
        return status, b""
    if b"transfer-encoding" in fields:
        body = read_chunks(rest)
        return body and (status, body[0])
    if b"content-length" in fields:
        length = int(fields[b"content-length"])
        return (status, rest[:length]) if len(rest) >= length else None
    return status, rest


def ask(port, path):
    with connect(port) as client:
        client.sendall(b"GET /user/me/%s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" % path)
        return read_all(client)


def difference(container, ports, seed):
    """What is wrong, or None."""
    container.say(*answer(seed))
    try:
        their_bytes, our_bytes, after = ask(ports["nginx"], b""), ask(ports["ours"], b""), ask(ports["ours"], b"good")
    except TimeoutError:
        return "a connection is not closed"
    try:
        ours = read_answer(our_bytes)
    except READING_FAULTS:
        return f"our answer cannot be read: {our_bytes[:300]}"
    try:
        theirs = read_answer(their_bytes)
    except READING_FAULTS:
        theirs = None  # nginx takes what is no head for an answer of HTTP/0.9
    if read_answer(after) != (200, b"good"):
        return f"the next request is answered with {after[:300]}"
    if ours and ours[0] < 500 and ours != theirs and theirs:
        return f"nginx passes on {theirs}, we {ours}"
    return None


def seeds(options):
    begin, number = time.monotonic(), 0
    while (time.monotonic() - begin < options.seconds) if options.seconds else (number < options.cases):
        yield f"{options.seed}-{number}"
        number += 1


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    container, count, found = Container(), 0, 0
    with tempfile.TemporaryDirectory() as folder:
        gateway = Gateway(Path(folder) / "gateway")
        gateway.open("me", container.server.port)
        nginx = Nginx(Path(folder) / "nginx", f"127.0.0.1:{container.server.port}")
        ports = {"nginx": nginx.port, "ours": gateway.sessions}
        try:
            for seed in seeds(options):
                count += 1
                what = difference(container, ports, seed) and difference(container, ports, seed)
                if what:
                    found += 1
                    print(f"{seed}: {answer(seed)}\n    {what}", flush=True)
                if found == FOUND_MAX:
                    break
        finally:
            nginx.stop()
            fine = gateway.stop()
    print(f"{count} answers, {found} differ")
    return 1 if found or not count or not fine else 0


if __name__ == "__main__":
    sys.exit(main())
