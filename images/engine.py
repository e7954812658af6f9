# The container engine's HTTP API, as far as the recipes here need it: import, build, inspect, tag, remove.
# SPDX-License-Identifier: BSD-3-Clause
"""Only what /usr/bin/python3 brings. Errors are Failure: what failed, why, and what to do about it."""

import base64
import http.client
import io
import json
import os
import socket
import sys
import tarfile
import time
import urllib.parse

ANSWER_MAX = 1 << 20        # bytes of a whole answer that is read at once
KEPT_LINES = 40             # last lines of a build that a Failure repeats
LINE_MAX = 4096             # bytes of a line without an end
QUIET_SECONDS = 600         # an engine that says nothing for so long is given up
UNTIL_CONNECTED = 10


class Failure(Exception):
    """What failed, why, what to do: one sentence each."""

    def __init__(self, what, why, remedy):
        super().__init__(f"{what}: {why}\n{remedy}")


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("engine", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(UNTIL_CONNECTED)
        self.sock.connect(self.path)
        self.sock.settimeout(self.timeout)


def fields(data):
    """The (number, value) pairs of one protobuf message: integers and bytes, which is all a build's trace holds."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    while at < len(data):
        key = varint()
        if key & 7 == 2:
            size = varint()
            yield key >> 3, data[at:at + size]
            at += size
        elif key & 7 == 0:
            yield key >> 3, varint()
        else:
            return


class Trace:
    """Steps and output of a BuildKit build, from the `moby.buildkit.trace` records of its stream."""

    VERTEX, LOG = 1, 3
    VERTEX_NAME, VERTEX_STARTED, LOG_VERTEX, LOG_TEXT = 3, 5, 1, 4

    def __init__(self, show):
        self.show = show
        self.seen = set()
        self.last = []
        self.begun = {}     # by step: a line whose end has not come yet

    def record(self, aux):
        for number, value in fields(base64.b64decode(aux)):
            if number == self.VERTEX:
                self.vertex(dict(fields(value)))
            elif number == self.LOG:
                self.output(dict(fields(value)))

    def vertex(self, vertex):
        name = vertex.get(self.VERTEX_NAME, b"").decode("utf-8", "replace")
        if self.VERTEX_STARTED not in vertex or name in self.seen or name.startswith("[internal]"):
            return
        self.seen.add(name)
        self.line(name if len(name) < 160 else name[:157] + "...")

    def output(self, log):
        step = log.get(self.LOG_VERTEX, b"")
        text = self.begun.pop(step, b"") + log.get(self.LOG_TEXT, b"")
        whole, _, rest = text.rpartition(b"\n")
        if rest:
            self.begun[step] = rest[-LINE_MAX:]
        for line in whole.decode("utf-8", "replace").splitlines():
            self.line(line)

    def ending(self):
        return self.last + [rest.decode("utf-8", "replace") for rest in self.begun.values()]

    def line(self, text):
        self.last = self.last[1 - KEPT_LINES:] + [text]
        if self.show:
            print("    " + text, file=sys.stderr)


def context(files):
    """A build context: {path inside: bytes or (bytes, mode)}, the same bytes every time."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name in sorted(files):
            entry = files[name]
            content, mode = entry if isinstance(entry, tuple) else (entry, 0o644)
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), mode
            tar.addfile(member, io.BytesIO(content))
    return out.getvalue()


class Engine:
    def __init__(self):
        host = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
        if not host.startswith("unix://"):
            raise Failure("cannot reach the engine", f"DOCKER_HOST is {host}, which is no unix socket",
                          "Set DOCKER_HOST to unix:///path/of/the/socket, or unset it.")
        self.path = host[len("unix://"):]
        answer = self.ask("GET", "/version", expect=(200,))
        self.version = answer["ApiVersion"]
        self.arch = answer["Arch"]

    def open(self, method, path, query=None, body=None, headers=None, quiet=QUIET_SECONDS):
        connection = UnixConnection(self.path, quiet)
        prefix = f"/v{self.version}" if hasattr(self, "version") else ""
        url = prefix + path + ("?" + urllib.parse.urlencode(query, doseq=True) if query else "")
        try:
            connection.request(method, url, body=body, headers=headers or {}, encode_chunked=hasattr(body, "read"))
            return connection.getresponse()
        except socket.timeout:
            raise Failure(f"{method} {path}", f"the engine said nothing for {quiet} s",
                          "See the engine's log: journalctl -u docker, or dockerd's output.") from None
        except OSError as error:
            raise Failure(f"{method} {path} at {self.path}", str(error),
                          "Is the engine running, and may this user open its socket? Try as root.") from None

    def ask(self, method, path, query=None, body=None, expect=(200,)):
        """The JSON of an answer, None where its status is 404 and that was expected."""
        headers = {"Content-Type": "application/json"} if body is not None else {}
        data = json.dumps(body).encode() if body is not None else None
        response = self.open(method, path, query, data, headers, quiet=60)
        text = response.read(ANSWER_MAX)
        if response.status not in expect:
            raise Failure(f"{method} {path}", f"the engine answered {response.status} {text[:300].decode()}",
                          "See the engine's log: journalctl -u docker, or dockerd's output.")
        return json.loads(text) if response.status != 404 and text.strip() else None

    def image(self, name):
        """What the engine knows of an image; None when it has none of that name."""
        return self.ask("GET", f"/images/{name}/json", expect=(200, 404))

    def tag(self, image, name):
        repo, _, tag = name.rpartition(":")
        self.ask("POST", f"/images/{image}/tag", {"repo": repo, "tag": tag}, expect=(201,))

    def remove(self, image):
        """Takes a name (or an unused image) away; one that is in use or not there stays as it is."""
        self.ask("DELETE", f"/images/{image}", expect=(200, 404, 409))

    def records(self, response, deadline, what):
        """Each JSON record of a progress stream; its errors as Failure. Ends at `deadline` (monotonic seconds)."""
        if response.status != 200:
            raise Failure(what, f"the engine answered {response.status} "
                          f"{response.read(ANSWER_MAX)[:300].decode('utf-8', 'replace')}",
                          "See the engine's log: journalctl -u docker, or dockerd's output.")
        while True:
            try:
                line = response.readline()
            except OSError:
                line = b'{"error": "the engine fell silent"}'
            if not line:
                return
            if time.monotonic() > deadline:
                raise Failure(what, "it took longer than it may", "Is the network slow? Run it again.")
            if line.strip():
                yield json.loads(line)

    def import_image(self, name, tar, changes, seconds):
        """An image of one layer from a tar stream (a file object, read to its end)."""
        repo, _, tag = name.rpartition(":")
        query = {"fromSrc": "-", "repo": repo, "tag": tag, "changes": changes}
        response = self.open("POST", "/images/create", query, tar, {"Content-Type": "application/x-tar"})
        for record in self.records(response, time.monotonic() + seconds, f"import of {name}"):
            if "error" in record:
                raise Failure(f"import of {name}", record["error"], "Is the engine's disk full?")

    def build(self, name, files, options, seconds, remedy):
        """A BuildKit build without a session: the image has its name when this comes back. Of `options`: args, labels
        and show, whether each line goes to standard error. `remedy` is what to do where a step fails."""
        query = {"version": "2", "t": name, "dockerfile": "Dockerfile", "rm": "1",
                 "buildargs": json.dumps(options["args"]), "labels": json.dumps(options["labels"])}
        response = self.open("POST", "/build", query, context(files), {"Content-Type": "application/x-tar"})
        trace = Trace(options["show"])
        for record in self.records(response, time.monotonic() + seconds, f"build of {name}"):
            if record.get("id") == "moby.buildkit.trace":
                trace.record(record["aux"])
            if "error" in record:
                raise Failure(f"build of {name}", record["error"] + "\n    " + "\n    ".join(trace.ending()),
                              remedy)
