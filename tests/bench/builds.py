"""What fetching a large history costs beside git, and what builds cost the launches beside them."""
import os
import statistics
import subprocess
import threading
import time
import uuid
from pathlib import Path

from launches import STUB, Rig, quartiles
from ringbinder import fetch
from ringbinder.launch import LaunchFailed, launch
from ringbinder.repository import GIT_ENVIRONMENT, GitServer

MB = 1 << 20
MEMORY_BAR = 32  # MB of a fetch's own memory at its peak
QUEUED = 20


def large_history(server, megabytes):
    """A repository whose files, of the last commit and of the one before, are `megabytes` that do not compress."""
    repository = server.repository("large", {"Dockerfile": STUB})
    for half in range(2):
        count = megabytes * 3 // 4 if half else megabytes // 4
        repository.commit({f"data{half}/{n}": os.urandom(MB) for n in range(count)})
    return repository


def ours(folder, url, commit):
    """(seconds, peak in MB of ringbinder-fetch itself) from OPEN to the context's end."""
    with fetch.Fetch(folder) as one:
        status = Path(f"/proc/{one.process.pid}/status")
        begin = time.monotonic()
        plan = one.open(url, commit)
        assert isinstance(plan, dict), plan
        one.send(fetch.CONTEXT, fetch.number(0))
        while one.next()[1]:  # thrown away, as the engine takes it away
            pass
        seconds = time.monotonic() - begin
        peak = next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return seconds, peak / 1024


def by_hand(folder, url, commit):
    """Seconds of `git fetch --depth 1` into an empty repository."""
    subprocess.run(["git", "init", "-q", "--bare", str(folder)], env=GIT_ENVIRONMENT, check=True)
    begin = time.monotonic()
    subprocess.run(["git", "-C", str(folder), "fetch", "-q", "--depth", "1", "--no-tags", url, commit],
                   env=GIT_ENVIRONMENT, check=True)
    return time.monotonic() - begin


def fetch_large(folder, quick=False):
    """A 100 MB history: from OPEN to the end of the context against git's transfer alone; alternating pairs."""
    with GitServer(folder / "git") as server:
        commit = large_history(server, 20 if quick else 100).head
        mine, git, peaks = [], [], []
        for n in range(2 if quick else 7):
            git.append(by_hand(folder / f"by-hand-{n}", server.url("large"), commit))
            seconds, peak = ours(folder / f"ours-{n}", server.url("large"), commit)
            mine.append(seconds)
            peaks.append(peak)
    return {"ours": statistics.median(mine), "peer": statistics.median(git),
            "ratio": statistics.median(a / b for a, b in zip(mine, git)), "bar": 1.1, "unit": "s",
            "memory_mb": max(peaks), "memory_bar": MEMORY_BAR, "quartiles": quartiles(mine),
            "note": f"memory {max(peaks):.1f} MB, bar {MEMORY_BAR} MB {'met' if max(peaks) < MEMORY_BAR else 'NOT MET'}"}


class Builders:
    """Visitors who wait for builds that nobody has seen, until they are sent away; each build works for a while."""

    def __init__(self, rig, count):
        self.rig, self.over = rig, threading.Event()
        self.threads = [threading.Thread(target=self.wait, args=(n,)) for n in range(count)]
        for thread in self.threads:
            thread.start()

    def wait(self, n):
        while not self.over.is_set():
            name = f"never-{n}-{uuid.uuid4().hex[:8]}"
            # As much of a processor as a build takes that installs: half of one, and a wait for the network.
            step = "for i in 1 2 3 4 5 6; do timeout 0.5 sha256sum /dev/zero; sleep 0.5; done"
            self.rig.git.repository(name, {"Dockerfile": f"FROM ringbinder/debian:1\nRUN echo {name}; {step}; exit 1\n"})
            try:
                launch(self.rig.appliance.portal, self.rig.git.url(name),
                       on_event=lambda _: self.over.is_set() and self.leave())
            except (LaunchFailed, OSError):
                pass

    @staticmethod
    def leave():
        raise OSError("nobody waits any more")

    def __enter__(self):
        time.sleep(3)  # until as many run as may
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()


def builds_beside_launches(folder, quick=False):
    """Launches of an image that is there, beside one running build and beside twenty that are queued."""
    with Rig(folder) as rig:
        repository = rig.git.repository("stub", {"Dockerfile": STUB})
        rig.launch("stub")
        times = {1: [], QUEUED: []}
        for _ in range(1 if quick else 3):
            for count, seconds in times.items():
                with Builders(rig, count):
                    for _ in range(3 if quick else 10):
                        seconds.append(rig.launch("stub", repository.head))
    beside_one, beside_many = (statistics.median(times[count]) for count in (1, QUEUED))
    return {"ours": beside_many, "peer": beside_one, "ratio": beside_many / beside_one, "bar": 1.5, "unit": "s",
            "quartiles": quartiles(times[QUEUED]), "note": f"at most {max(times[QUEUED]):.2f} s"}
