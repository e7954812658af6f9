"""`ringbinder up` where systemd has put it: in a unit that may make cgroups, in one that may not, and in a login's."""
import os
import subprocess
from pathlib import Path

import pytest
from e2e_fixtures import STUB, nothing_left
from ringbinder.appliance import SHORT_DELAYS, Appliance
from ringbinder.launch import launch

ROOT = Path("/sys/fs/cgroup")
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


def test_the_platform_is_what_it_is_said_to_be():
    assert (ROOT / "cgroup.controllers").exists() and Path("/run/systemd/system").is_dir()
    assert Path("/sys/module/apparmor/parameters/enabled").read_text().strip() == "Y"


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_a_launch_with_its_fetch_in_a_cell(shared_folder, server, way):
    name = f"unit-{len(os.listdir(shared_folder))}"
    server.repository(name, {"Dockerfile": STUB})
    one = InUnit(shared_folder / name, [server.port], **SHORT_DELAYS)
    one.way = way
    with one:
        assert launch(one.portal, server.url(name))["phase"] == "ready"
    assert "RB1338" not in one.journal(), "a fetch had no cgroup"
    assert nothing_left(one.instance()) == []
