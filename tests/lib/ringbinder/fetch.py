"""The daemon's side of fetch.sock: ringbinder-fetch started on one end of a socket, spoken to on the other."""
import io
import os
import socket
import struct
import subprocess
import tarfile
from pathlib import Path

from .appliance import BUILD

PROGRAM = BUILD / "ringbinder-fetch"
VERSION = 1
BASES = "ringbinder/debian:1 ringbinder/stub:1"
RESOLVE, OPEN, CONTEXT = 1, 2, 3
REF, PLAN, BYTES, LINE, END = 16, 17, 18, 19, 20
CAN_DOCKERFILE, CAN_LAYERS, CAN_HEREDOC = 1, 2, 4
GIB = 1 << 30


def number(value):
    return struct.pack(">I", value)


def text(value):
    data = value.encode() if isinstance(value, str) else value
    return number(len(data)) + data


def frame(kind, payload):
    return struct.pack(">IB", len(payload), kind) + payload


def cut_text(data):
    size = struct.unpack_from(">I", data)[0]
    return data[4:4 + size].decode(errors="surrogateescape"), data[4 + size:]


def ref(commit, asked=0, etag=""):
    """The payload of a REF."""
    return text(commit) + struct.pack(">B", asked) + text(etag)


def plan(lane=0, dockerfiles=("Dockerfile",), why="", online=0, images=None, added=""):
    """The payload of a PLAN, as far from the rules as one likes."""
    first, second = (*dockerfiles, "", "")[:2]
    return (struct.pack(">IBI", lane, online, len(dockerfiles) if images is None else images) + text(first) +
            text(second) + text(why) + text(added))


def cut_plan(data):
    lane, online, images = struct.unpack_from(">IBI", data)
    first, rest = cut_text(data[9:])
    second, rest = cut_text(rest)
    why, rest = cut_text(rest)
    return {"lane": lane, "online": bool(online), "dockerfiles": [first, second][:images], "why": why,
            "added": cut_text(rest)[0]}


class Fetch:
    """One process on one connection. `user`: a user id without rights; the folder must be its own, then."""

    def __init__(self, folder, user=None, environment=None, program=PROGRAM):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.lines = []
        self.buffer = b""
        self.socket, theirs = socket.socketpair()
        self.socket.settimeout(60)
        command = [str(program)]
        if user is not None:
            os.chown(self.folder, user, user)
            command = ["setpriv", "--reuid", str(user), "--regid", str(user), "--clear-groups", *command]
        clean = {"PATH": os.environ["PATH"], "RB_FETCH_DIR": str(self.folder), **(environment or {})}
        self.process = subprocess.Popen(command, stdin=theirs, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                        env=clean)
        theirs.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            self.errors = self.process.stderr.read().decode()
            self.process.stderr.close()

    def send(self, kind, payload):
        self.socket.sendall(frame(kind, payload))

    def _exactly(self, size):
        while len(self.buffer) < size:
            got = self.socket.recv(1 << 20)
            if not got:
                raise EOFError
            self.buffer += got
        data, self.buffer = self.buffer[:size], self.buffer[size:]
        return data

    def next(self):
        """(kind, payload) of the next frame that is no line of the log."""
        while True:
            size, kind = struct.unpack(">IB", self._exactly(5))
            assert size <= 65536
            payload = self._exactly(size)
            if kind != LINE:
                return kind, payload
            self.lines.append(cut_text(payload)[0])

    def end(self, payload=None):
        """(code, text) of END, which is the last frame."""
        if payload is None:
            kind, payload = self.next()
            assert kind == END, (kind, payload)
        try:
            raise AssertionError(f"after END: {self._exactly(1)!r}")
        except (EOFError, ConnectionResetError):
            return struct.unpack_from(">I", payload)[0], cut_text(payload[4:])[0]

    def resolve(self, spec, provider="git", host=None, known=("", "")):
        """The commit, "" for no such ref, or (code, text) of the error. host: site, api, token; known: etag, commit."""
        site, api, token = host or ("", "", "")
        self.send(RESOLVE, number(VERSION) + text(provider) + text(spec) + text(token) + text(site) + text(api) +
                  text(known[0]) + text(known[1]))
        kind, payload = self.next()
        if kind == END:
            return self.end(payload)
        assert kind == REF
        assert self.end() == (0, "")
        commit, rest = cut_text(payload)
        self.asked, self.etag = bool(rest[0]), cut_text(rest[1:])[0]
        return commit

    def open(self, url, commit, ref="", **settings):
        """The plan, or (code, text) of the error."""
        self.send(OPEN, number(settings.get("version", VERSION)) + text(url) + text(commit) + text(ref) +
                  text(settings.get("ca_bundle", "")) + text(settings.get("bases", BASES)) +
                  text(settings.get("hidden", "")) +
                  number(settings.get("can", CAN_DOCKERFILE | CAN_LAYERS | CAN_HEREDOC)) +
                  struct.pack(">Q", settings.get("size_max", GIB)))
        kind, payload = self.next()
        if kind == END:
            return self.end(payload)
        assert kind == PLAN
        return cut_plan(payload)

    def context(self, which):
        """The tar's bytes, or (code, text) of the error."""
        self.send(CONTEXT, number(which))
        parts = []
        while True:
            kind, payload = self.next()
            if kind == END:
                return self.end(payload)
            assert kind == BYTES
            if not payload:
                return b"".join(parts)
            parts.append(payload)


def members(tar):
    with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
        return {m.name: m for m in archive.getmembers()}


def unpack(tar, folder):
    with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
        archive.extractall(folder)  # our own repository, not a stranger's
    return folder


def content(fetched, plan):
    """The last context, which holds the tree."""
    return fetched.context(len(plan["dockerfiles"]) - 1)
