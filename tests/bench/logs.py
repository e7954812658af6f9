"""What it costs when many watch one build's log (decisions 41)."""
import json
import selectors
import socket
import time
import urllib.parse
import uuid

from launches import Rig
from ringbinder.gateway import cpu_s
from ringbinder.launch import spec

LINES_A_SECOND = 1000
LINE_BYTES = 100  # with its newline, and with "#12 3.456 " in front of it
# The engine cuts a step's output at 1 MiB, and what is faster than 100 KiB a second. Between two steps nothing is said for
# a moment: each goes on where the one before it was, and is a little faster until it has said what is due.
STEP_S = 10
FASTEST = 1100  # lines a second: below the engine's limit
WATCHERS = 200
PROGRAM = f"""
import os, sys, time
place = "/tmp/said"
begin, said = map(float, open(place).read().split()) if os.path.exists(place) else (time.time(), 0)
now, first, said = time.time(), int(said), int(said)
step = now
while now < step + {STEP_S}:
    time.sleep(0.01)
    now = time.time()
    due = min(int((now - begin) * {LINES_A_SECOND}), first + int((now - step) * {FASTEST}))
    sys.stdout.write("".join(f"{{n:0{LINE_BYTES - 11}d}}\\n" for n in range(said, due)))
    sys.stdout.flush()
    said = due
open(place, "w").write(f"{{begin}} {{said}}")
"""


def dockerfile(seconds):
    """Prints for a little longer than that."""
    steps = [f"RUN [\"python3\", \"-c\", {json.dumps(PROGRAM + f'# {uuid.uuid4()}')}]" for _ in range(seconds // STEP_S + 2)]
    return "\n".join(["FROM ringbinder/debian:1", *steps, 'ENTRYPOINT ["/bin/false"]', ""])


class Watchers:
    """Streams that are read as fast as they come, and not looked at: only how many lines each has had."""

    def __init__(self, portal, path, count):
        where = urllib.parse.urlsplit(portal)
        self.selector = selectors.DefaultSelector()
        self.lines = [0] * count
        for n in range(count):
            s = socket.create_connection((where.hostname, where.port))
            s.sendall(f"GET {path} HTTP/1.1\r\nHost: {where.netloc}\r\nAccept: text/event-stream\r\n\r\n".encode())
            self.selector.register(s, selectors.EVENT_READ, n)

    def read(self, seconds):
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            for key, _ in self.selector.select(left):
                part = key.fileobj.recv(1 << 20)
                self.lines[key.data] += part.count(b'"phase":"building"')
                if not part:
                    self.selector.unregister(key.fileobj)

    def close(self):
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()
        self.selector.close()


def watch(rig, count, seconds):
    """Share of a core that daemon and gateway take while `count` watch, by program, and the lines that each got."""
    name = f"log{count}"
    rig.git.repository(name, {"Dockerfile": dockerfile(seconds)})
    watchers = Watchers(rig.appliance.portal, f"/build/git/{spec(rig.git.url(name))}", count)
    pids = {name: rig.appliance.pid_of(name) for name in ("ringbinderd", "ringbinder-gateway")}
    try:
        while min(watchers.lines) < LINES_A_SECOND:
            watchers.read(0.5)
        began, before, lines = time.monotonic(), {n: cpu_s(p) for n, p in pids.items()}, min(watchers.lines)
        watchers.read(seconds)
        took = time.monotonic() - began
        return {n: (cpu_s(p) - before[n]) / took for n, p in pids.items()}, (min(watchers.lines) - lines) / took
    finally:
        watchers.close()


def log_watchers(folder, quick=False):
    """200 watchers above one; the build is a Dockerfile that prints 1,000 lines of 100 bytes a second. Its log stays below
    the 8 MiB behind which watchers get fewer lines."""
    seconds = STEP_S if quick else 5 * STEP_S
    with Rig(folder) as rig:
        one, _ = watch(rig, 1, seconds)
        many, lines = watch(rig, WATCHERS, seconds)
    # The machine may have come a little late with some: the figure is for 1,000 lines a second all the same.
    scale = 100 * LINES_A_SECOND / lines
    above = {name: scale * (many[name] - one[name]) for name in one}
    return {"ours": scale * sum(many.values()), "peer": scale * sum(one.values()), "value": sum(above.values()),
            "bar": 10, "unit": f"% of a core, {WATCHERS} watchers above one", "lines_a_second": lines,
            "note": f"{lines:.0f} lines a second came; " + ", ".join(f"{n} {share:.1f}" for n, share in above.items())}
