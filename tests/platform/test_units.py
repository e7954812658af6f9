"""`ringbinder up` where systemd has put it: in a unit that may make cgroups, in one that may not, and in a login's."""
import contextlib
import os
import subprocess
import threading
from pathlib import Path

import pytest
from e2e_fixtures import STUB, nothing_left
from ringbinder import engine
from ringbinder.appliance import SHORT_DELAYS, Appliance
from ringbinder.launch import launch

ROOT = Path("/sys/fs/cgroup")
MEMORY, PROCESSES = 256 << 20, 40
WAYS = {"scope": ["--scope"], "service": ["--pipe", "--wait", "--service-type=exec"],
        "delegated": ["--pipe", "--wait", "--service-type=exec", "--property=Delegate=yes"]}


class InUnit(Appliance):
    """Started and stopped through systemd."""
    unit = "ringbinder-test"
    way = ()

    def command(self, *arguments):
        return ["systemd-run", "--quiet", "--collect", f"--unit={self.unit}", *self.way, *super().command(*arguments)]

    def stop(self):
        if self.process:
            subprocess.run(["systemctl", "stop", f"{self.unit}.scope" if "--scope" in self.way else self.unit],
                           check=True, timeout=60)
        return super().stop()


class Cells(threading.Thread):
    """The limits (memory, processes) of all cells that there are until it is left."""

    def __init__(self):
        super().__init__()
        self.over, self.seen = threading.Event(), set()

    def run(self):
        while not self.over.wait(0.02):
            for cell in ROOT.glob("ringbinder-fetch/*/"):
                with contextlib.suppress(OSError):  # it has just been removed
                    self.seen.add(((cell / "memory.max").read_text().strip(), (cell / "pids.max").read_text().strip()))

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()


def test_the_platform_is_what_it_is_said_to_be():
    assert Path("/proc/1/comm").read_text().strip() == "systemd" and Path("/run/systemd/system").is_dir()
    assert (ROOT / "cgroup.controllers").exists()
    assert " - cgroup " not in Path("/proc/self/mountinfo").read_text(), "a hierarchy of cgroup v1"
    assert Path("/sys/module/apparmor/parameters/enabled").read_text().strip() == "Y"
    _, info = engine.ask("GET", "/info")
    assert (info["CgroupDriver"], info["CgroupVersion"]) == ("systemd", "2")
    assert "name=apparmor" in info["SecurityOptions"]
    assert subprocess.run(["systemctl", "is-active", "-q", "docker"], check=False).returncode == 0


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_a_launch_with_its_fetch_in_a_cell(shared_folder, server, way):
    name = f"unit-{len(os.listdir(shared_folder))}"
    server.repository(name, {"Dockerfile": STUB})
    one = InUnit(shared_folder / name, [server.port], **SHORT_DELAYS, fetch_memory_limit=MEMORY,
                 fetch_process_limit=PROCESSES)
    one.way = way
    with one, Cells() as cells:
        assert launch(one.portal, server.url(name))["phase"] == "ready"
    assert (str(MEMORY), str(PROCESSES)) in cells.seen, one.journal()
    assert "RB1338" not in one.journal(), "a fetch had no cgroup"
    assert nothing_left(one.instance()) == [], one.journal()
