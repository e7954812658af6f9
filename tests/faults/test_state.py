"""What the machine gives us: a disk that is full, read-only or cut off in the middle of a write, few open files."""
import contextlib
import os
import subprocess
import time
from pathlib import Path

import pytest
from kill_rig import STUB, Rig
from oracles import says_well, wait_until
from ringbinder.appliance import SHORT_DELAYS, Appliance
from ringbinder.fake_engine import FakeEngine
from ringbinder.launch import launch
from ringbinder.notebook import Session

HEALTH_LIMIT_S = 15   # the second oracle's
RESTART_LIMIT_S = 40  # `up` waits 30 s at most before it tries again
FULL_MIB, ROOM_MIB = 8, 24
WITHOUT_FLOOR = {"build_disk_free": "0", "build_disk_free_percent": "0"}  # these disks are below it from the start


def run(*command):
    return subprocess.run([*map(str, command)], check=True, capture_output=True, text=True).stdout.strip()


@contextlib.contextmanager
def mounted(folder, *options):
    """A file system of its own at folder/state, where an appliance keeps its state."""
    state = folder / "state"
    state.mkdir(parents=True)
    run("mount", *options, state)
    state.chmod(0o755)
    try:
        yield state
    finally:
        run("umount", state)


@pytest.fixture(scope="module")
def fake(shared_folder):
    with FakeEngine(shared_folder / "state-engine") as running:
        yield running


def served(rig):
    return Session(rig.bystander).ask("api")[0] == 200


def refused(rig, path):
    """A launch while nothing can be written down."""
    event = rig.launch(path)
    assert event["phase"] == "failed" and "records" in event["message"], event
    assert "RB1801" in rig.appliance.journal()
    assert served(rig)


def fill(state):
    with open(state / "filling", "wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))


def test_the_disk_is_full(shared_folder, fake, server):
    """F12: the disk is full while our own state is written | a tmpfs of 8 MB is filled to its end, the daemon killed
    meanwhile | sessions are served, launches refused in words, /health says so, the same daemon goes on when there is
    room; one that died comes back by itself"""
    folder = shared_folder / "full"
    with mounted(folder, "-t", "tmpfs", "-o", f"size={FULL_MIB}m", "none") as state, \
            Rig(folder, fake, server, **WITHOUT_FLOOR) as rig:
        path, portal = rig.repository({"Dockerfile": STUB}), rig.appliance.portal
        daemon = rig.appliance.pid_of("ringbinderd")
        fill(state)
        assert wait_until(lambda: not says_well(portal), HEALTH_LIMIT_S), "nobody tried a write"
        refused(rig, path)
        (state / "filling").unlink()
        assert wait_until(lambda: says_well(portal), HEALTH_LIMIT_S)
        assert rig.launch(path)["phase"] == "ready"
        assert rig.appliance.pid_of("ringbinderd") == daemon, "it was restarted for that"
        fill(state)
        rig.kill()
        time.sleep(1.5)  # `up` has tried once
        assert served(rig), "the gateway needs no daemon for it"
        (state / "filling").unlink()
        assert wait_until(lambda: says_well(portal), RESTART_LIMIT_S), rig.appliance.journal()[-2000:]
        assert rig.launch(path)["phase"] == "ready"
        assert served(rig) and wait_until(rig.agree, HEALTH_LIMIT_S)


def test_the_file_system_turns_read_only(shared_folder, fake, server):
    """F13: the state's file system turns read-only | an error on ext4, mounted with errors=remount-ro | sessions are
    served, launches refused in words, /health says so, nothing crashes"""
    folder = shared_folder / "read-only"
    folder.mkdir()
    disk = folder / "disk"
    with open(disk, "wb") as file:
        file.truncate(ROOM_MIB << 20)
    run("mkfs.ext4", "-q", disk)
    with mounted(folder, "-o", "loop,errors=remount-ro", disk) as state, Rig(folder, fake, server, **WITHOUT_FLOOR) as rig:
        path, portal = rig.repository({"Dockerfile": STUB}), rig.appliance.portal
        daemon = rig.appliance.pid_of("ringbinderd")
        run("sync", "-f", state)  # what is mapped and clean is written to for the first time after the error
        device = os.path.basename(run("findmnt", "-no", "SOURCE", state))
        Path(f"/sys/fs/ext4/{device}/trigger_fs_error").write_text("a test")
        assert wait_until(lambda: not says_well(portal), HEALTH_LIMIT_S), "nobody tried a write"
        for _ in range(3):
            refused(rig, path)
        assert rig.appliance.pid_of("ringbinderd") == daemon, "it crashed"


@pytest.mark.parametrize("cut", [1, 2000, 9000], ids=["a-byte", "half-a-page", "pages"])
def test_power_is_cut_within_a_write(cut_rig, cut):
    """F65: the power is cut while the state is written | kill -9, and the last bytes of SQLite's log are not there | the
    state opens, older sessions go on, what was lost leaves no container behind"""
    path = cut_rig.repository({"Dockerfile": STUB})
    assert cut_rig.launch(path)["phase"] == "ready"
    log = cut_rig.appliance.state / "ringbinder.db-wal"
    dead = cut_rig.kill()
    assert log.stat().st_size > cut, "nothing was in the log"
    os.truncate(log, log.stat().st_size - cut)
    cut_rig.back(dead)
    assert cut_rig.launch(path)["phase"] == "ready"
    assert served(cut_rig)
    assert wait_until(cut_rig.agree, HEALTH_LIMIT_S), (cut_rig.containers(), cut_rig.wanted())


@pytest.fixture(scope="module")
def cut_rig(shared_folder, fake, server):
    with Rig(shared_folder / "cut", fake, server) as running:
        yield running


def start_with(folder, soft, hard, server, fake):
    """An appliance that is started where so many files may be open."""
    one = Appliance(folder, [server.port], **{**SHORT_DELAYS, **fake.settings})
    plain = one.command
    one.command = lambda *arguments: ["prlimit", f"--nofile={soft}:{hard}", *plain(*arguments)]
    return one


def test_few_files_may_be_open(shared_folder, fake, server):
    """F59: the limit of open files is too low | `ulimit -Hn` 64; then `ulimit -Sn` 64 alone | it says so and does not
    start; where it may raise the limit, it does"""
    low = start_with(shared_folder / "few-files", 64, 64, server, fake)
    done = subprocess.run(low.command("up", "--dir", low.state), capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1 and "only 64 files may be open" in done.stderr, done.stderr
    server.repository("few", {"Dockerfile": STUB})
    with start_with(shared_folder / "few-files", 64, 4096, server, fake) as one:
        assert launch(one.portal, server.url("few"))["phase"] == "ready"


CLOCK = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int clock_gettime(clockid_t clock, struct timespec *out)
{
    int (*real)(clockid_t, struct timespec *) = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(clock, out), seconds = 0;
    FILE *file = clock == CLOCK_REALTIME ? fopen(getenv("CLOCK_JUMP"), "r") : NULL;

    if (file && fscanf(file, "%d", &seconds) == 1)
        out->tv_sec += seconds;
    if (file)
        fclose(file);
    return result;
}
"""


def test_the_clock_jumps(shared_folder, fake, server, monkeypatch):
    """F57: the machine's clock jumps, an hour to each side | a clock in front of libc's; age_limit and idle_limit are 30
    minutes | nobody's session ends for that, launches go on"""
    folder = shared_folder / "clock"
    folder.mkdir()
    jump = folder / "jump"
    jump.write_text("0")
    (folder / "clock.c").write_text(CLOCK)
    run("cc", "-shared", "-fPIC", "-o", folder / "clock.so", folder / "clock.c")
    folder.chmod(0o755)
    monkeypatch.setenv("LD_PRELOAD", str(folder / "clock.so"))
    monkeypatch.setenv("CLOCK_JUMP", str(jump))
    with Rig(folder / "appliance", fake, server, age_limit="30m", idle_limit="30m") as rig:
        path = rig.repository({"Dockerfile": STUB})
        for seconds in 3600, -3600:
            jump.write_text(str(seconds))
            time.sleep(0.5)  # two sweeps
            assert rig.launch(path)["phase"] == "ready"
            assert served(rig) and says_well(rig.appliance.portal)
        said = rig.rows("SELECT max(utc) - min(utc) FROM event")[0][0]
        assert said > 7_000_000, f"the daemon did not see the jumps: {said} ms"
