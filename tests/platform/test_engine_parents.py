"""Build steps and containers, where an engine puts them: by itself, below an operator's slice, outside of system.slice."""
import contextlib
import json
import os
import random
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest
from e2e_fixtures import nothing_left
from ringbinder import engine
from ringbinder.appliance import SHORT_DELAYS, Appliance
from ringbinder.launch import LaunchFailed, launch
from ringbinder.notebook import Session

ROOT = Path("/sys/fs/cgroup")
ENGINE_SETTINGS = Path("/etc/docker/daemon.json")
SLICE = "rbt-engine.slice"  # systemd has it in rbt.slice
MEMORY, PROCESSES = 128 << 20, 64
IDLE_S, BUSY_S = 12, 36
# In software emulation a container takes ten seconds to start.
LIMIT_S = 180


def systemctl(*arguments):
    subprocess.run(["systemctl", *arguments], check=True, timeout=LIMIT_S)


@contextlib.contextmanager
def started_by_systemd():
    yield


@contextlib.contextmanager
def below_a_slice():
    """--cgroup-parent, as an operator sets it."""
    ENGINE_SETTINGS.write_text(json.dumps({"cgroup-parent": SLICE}))
    systemctl("restart", "docker")
    try:
        yield
    finally:
        ENGINE_SETTINGS.unlink()
        systemctl("restart", "docker")


@contextlib.contextmanager
def outside_of_the_system_slice():
    """An engine that is no unit of Debian's: it makes its socket by itself, and runs in a slice of its own."""
    systemctl("stop", "docker.socket", "docker.service")
    try:
        subprocess.run(["systemd-run", "-q", "--collect", "--unit=rbt-engine", f"--slice={SLICE}",
                        "--property=Delegate=yes", "--property=KillMode=process", "--service-type=notify", "dockerd"],
                       check=True, timeout=LIMIT_S)
        yield
        systemctl("stop", "rbt-engine")
    finally:
        systemctl("start", "docker.socket", "docker.service")


ENGINES = {"ordinary": (started_by_systemd, ""), "slice": (below_a_slice, SLICE),
           "elsewhere": (outside_of_the_system_slice, "")}


@pytest.fixture(scope="module", params=ENGINES)
def appliance(request, shared_folder, server):
    begin, parent = ENGINES[request.param]
    settings = {"build_memory_limit": MEMORY, "build_process_limit": PROCESSES, "idle_limit": f"{IDLE_S}s",
                "idle_grace": "0ms", "activity_every": "500ms", "sweep": "1s", "engine_cgroup_parent": parent}
    with begin():
        with Appliance(shared_folder / f"engine-{request.param}", [server.port], **SHORT_DELAYS, **settings) as one:
            yield one
        assert "RB1254" not in one.journal(), "steps were not limited"
        assert nothing_left(one.instance()) == [], one.journal()


def wait_for(look, what):
    """What `look` finds."""
    deadline = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError(f"{what}, within {LIMIT_S} s")


def processes(command):
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if path.read_bytes() == "".join(word + "\0" for word in command).encode():
                found.append(int(path.parent.name))
        except OSError:
            pass  # it has just ended
    return found


def cgroup_of(pid):
    return ROOT / Path(f"/proc/{pid}/cgroup").read_text().strip().removeprefix("0::/")


class Launch(threading.Thread):
    """A launch that fails; `message` is how."""
    message = None

    def __init__(self, appliance, url):
        super().__init__()
        self.where = (appliance.portal, url)
        self.start()

    def run(self):
        try:
            launch(*self.where)
            self.message = "it did not fail"
        except LaunchFailed as failure:
            self.message = failure.args[0]


def test_a_step_that_forks_without_end_is_held(appliance, server):
    sleeper = ["sleep", str(random.randrange(10**6, 10**7))]
    # The first seconds are the appliance's, to find the step; a shell without a process more to have ends itself.
    server.repository(f"forks-{sleeper[1]}", {"Dockerfile": (
        f"FROM ringbinder/debian:1\nUSER root\nRUN {' '.join(sleeper)} & sleep 5; "
        f"(while :; do {' '.join(sleeper)} & done); wait; exit 9\n")})
    one = Launch(appliance, server.url(f"forks-{sleeper[1]}"))
    try:
        first = wait_for(lambda: processes(sleeper), "the step runs")[0]
        step = cgroup_of(first)
        wait_for(lambda: (step / "pids.max").read_text().strip() == str(PROCESSES), "its processes are limited")
        assert (step / "memory.max").read_text().strip() == str(MEMORY)
        assert (step / "memory.swap.max").read_text().strip() == "0"
        wait_for(lambda: (step / "pids.events").read_text().strip() != "max 0", "it comes to the limit")
        assert int((step / "pids.current").read_text()) <= PROCESSES
    finally:
        for pid in processes(sleeper):
            with contextlib.suppress(ProcessLookupError):  # the first one's end is the end of the step
                os.kill(pid, signal.SIGKILL)
    one.join()
    assert "exit code 9" in one.message
    assert not processes(sleeper), "the last of them ended with their step"


def test_a_step_that_takes_more_memory_is_killed(appliance, server):
    name = f"eats-{random.randrange(10**9)}"
    server.repository(name, {"Dockerfile": f"FROM ringbinder/debian:1\nRUN sleep 5; tail -c 400000000 /dev/zero; "
                                           f"echo ended with $?; exit 137 # {name}\n"})
    said = []
    with pytest.raises(LaunchFailed) as failure:
        launch(appliance.portal, server.url(name), on_event=lambda e: said.append(e.get("message", "")))
    assert "ended with 137" in "".join(said), "".join(said)
    assert "memory" in failure.value.args[0]


def answers(ready):
    """Polling is no activity of a visitor."""
    return Session(ready).ask("api/kernels")[0] == 200


def test_a_session_that_computes_is_not_idle_and_one_that_rests_is(appliance, server):
    """Nobody asks for its processor time but the rule of idle sessions."""
    name = f"computes-{random.randrange(10**9)}"
    server.repository(name, {"Dockerfile": "FROM ringbinder/debian:1 AS shell\nFROM ringbinder/stub:1\n"
                                           "COPY --from=shell /bin/busybox /busybox\n"})
    ready = launch(appliance.portal, server.url(name))
    container = engine.of_instance("containers", appliance.instance())[0]["Id"]
    work = ["/busybox", "timeout", str(BUSY_S), "/busybox", "sh", "-c", "while :; do :; done"]
    _, made = engine.ask("POST", f"/containers/{container}/exec", {"Cmd": work})
    assert engine.ask("POST", f"/exec/{made['Id']}/start", {"Detach": True})[0] == 200
    wait_for(lambda: processes(work[3:]), "it computes")
    while processes(work[3:]):
        assert answers(ready), "a session that computed was ended"
        time.sleep(1)
    wait_for(lambda: not answers(ready), "a session that rests is ended")
