"""What thousands of launches leave in the memory and among the descriptors of daemon and gateway, on the fake engine."""
import os
import re
import time
from pathlib import Path

from ringbinder.appliance import Appliance
from ringbinder.fake_engine import FakeEngine
from ringbinder.launch import build_path, launch
from ringbinder.repository import GitServer

ROUNDS, FIRST = 10_000, 1_000
ALIVE = 20    # sessions at a time; each launch ends the oldest
SETTLE_S = 3  # until the sweeper has removed what has ended
STUB = "FROM ringbinder/stub:1\n"


def memory_kib(pid):
    """What is the process's own."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(size) for size in re.findall(r"^Private_\w+:\s+(\d+)", rollup, re.M))


class Soak:
    def __init__(self, fake, appliance, server):
        self.fake, self.appliance, self.server = fake, appliance, server
        self.commit = server.repository("soak", {"Dockerfile": STUB}).head

    def launches(self, count):
        for _ in range(count):
            launch(self.appliance.portal, self.server.url("soak"), self.commit)
            self.fake.tell(alive=ALIVE)

    def figures(self):
        """{program: (KiB, descriptors)}, once no more than ALIVE are left."""
        deadline = time.monotonic() + 60
        while len(self.fake.containers()) > ALIVE and time.monotonic() < deadline:
            time.sleep(0.2)
        time.sleep(SETTLE_S)
        pids = {name: self.appliance.pid_of(name) for name in ("ringbinderd", "ringbinder-gateway")}
        return {name: (memory_kib(pid), len(os.listdir(f"/proc/{pid}/fd"))) for name, pid in pids.items()}


def soak(folder, quick):
    """Growth between the 1,000th launch (quick: the 200th) and the last, of the process that grew more."""
    rounds, first = (ROUNDS // 10, FIRST // 5) if quick else (ROUNDS, FIRST)
    begin = time.monotonic()
    with GitServer(folder / "git") as server, FakeEngine(folder / "engine") as fake, \
            Appliance(folder / "appliance", [server.port], linger="0s", **fake.settings) as appliance:
        one = Soak(fake, appliance, server)
        one.launches(first)
        before = one.figures()
        one.launches(rounds - first)
        after = one.figures()
    grown = {name: (after[name][0] - before[name][0]) / 1024 for name in after}
    descriptors = sum(max(0, after[name][1] - before[name][1]) for name in after)
    worst = max(grown.values())
    note = ", ".join(f"{name} {before[name][0] / 1024:.1f} -> {after[name][0] / 1024:.1f} MB, "
                     f"{before[name][1]} -> {after[name][1]} descriptors" for name in after)
    return {"ours": worst, "peer": None, "value": worst if descriptors == 0 else float("inf"), "bar": 1, "unit": "MB",
            "memory_mb": grown, "descriptors": descriptors,
            "note": f"{rounds} launches in {time.monotonic() - begin:.0f} s: {note}; bar of descriptors 0"}
