"""A backend that remembers what it was asked: it reads requests as RFC 9112 writes them, and in no other spelling."""
import re
import selectors
import socket
import threading
from pathlib import Path

REQUEST_LINE = re.compile(rb"([!-~]+) ([!-~\x80-\xff]+) HTTP/1\.[01]")
FIELD = re.compile(rb"([!#-'*+.^-z|~0-9A-Z-]+): ?([^\r\n\0]*)")
CHUNK = re.compile(rb"([0-9a-fA-F]+)(?:;[^\r\n]*)?\r\n")
TRAILERS = re.compile(rb"(?:[^\r\n]+\r\n)*\r\n")


class Unreadable(Exception):
    """Bytes that no proxy may pass on."""


def read_head(head):
    """(method, target, {name: value})"""
    first, *lines = head.split(b"\r\n")
    line = REQUEST_LINE.fullmatch(first)
    fields = [FIELD.fullmatch(text) for text in lines]
    if not line or not all(fields):
        raise Unreadable
    return line[1], line[2], {field[1].lower(): field[2].strip() for field in fields}


def read_chunks(rest):
    """(data, bytes used), or None while it is not all there."""
    at, data = 0, b""
    while True:
        size = CHUNK.match(rest, at)
        if not size:
            if b"\r\n" in rest[at:]:
                raise Unreadable
            return None
        length, at = int(size[1], 16), size.end()
        if not length:
            end = TRAILERS.match(rest, at)
            return (data, end.end()) if end else None
        if len(rest) < at + length + 2:
            return None
        if rest[at + length:at + length + 2] != b"\r\n":
            raise Unreadable
        data += rest[at:at + length]
        at += length + 2


def read_request(got):
    """((method, target, body), bytes used), or None while it is not all there."""
    head, blank, rest = got.partition(b"\r\n\r\n")
    if not blank:
        return None
    method, target, fields = read_head(head)
    length, coding = fields.get(b"content-length"), fields.get(b"transfer-encoding")
    used, body = len(head) + 4, b""
    if coding is not None:
        if coding != b"chunked" or length is not None:
            raise Unreadable
        chunks = read_chunks(rest)
        if not chunks:
            return None
        body, used = chunks[0], used + chunks[1]
    elif length is not None:
        if not re.fullmatch(rb"0|[1-9][0-9]*", length):
            raise Unreadable
        if len(rest) < int(length):
            return None
        body, used = rest[:int(length)], used + int(length)
    return (method, target, body), used


class Recorder:
    """Answers every request that comes in at the unix socket `path`; `requests`: (method, target, body) of each."""

    def __init__(self, path):
        Path(path).unlink(missing_ok=True)
        self.requests = []
        self.selector = selectors.DefaultSelector()
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(path))
        self.socket.listen(511)
        self.selector.register(self.socket, selectors.EVENT_READ)
        self.got = {}
        self.stopped = False
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.stopped:
            for key, _ in self.selector.select(0.2):
                if key.fileobj is self.socket:
                    connection, _ = self.socket.accept()
                    self.selector.register(connection, selectors.EVENT_READ)
                    self.got[connection] = b""
                elif not self.take(key.fileobj):
                    self.selector.unregister(key.fileobj)
                    del self.got[key.fileobj]
                    key.fileobj.close()

    def take(self, connection):
        """Whether the connection is worth being listened to."""
        try:
            part = connection.recv(65536)
            self.got[connection] += part
            while (read := read_request(self.got[connection])):
                self.got[connection] = self.got[connection][read[1]:]
                self.requests.append(read[0])
                body = b"" if read[0][0] == b"HEAD" else b"ok"
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" + body)
        except Unreadable:
            self.requests.append((b"unreadable", b"", self.got[connection]))
            return False
        except OSError:
            return False
        return bool(part)

    def stop(self):
        self.stopped = True
        self.thread.join()
        for connection in [self.socket, *self.got]:
            connection.close()
