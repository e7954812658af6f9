"""How `ringbinder up` starts a fetch: as whom, in which cgroup, with which rights; seen on one that waits for a server."""
import os
import re
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest
from ringbinder.launch import Stream, spec


@pytest.fixture
def silent_server():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def processes_of(uid):
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and re.search(rf"^Uid:\s+{uid}\s", (entry / "status").read_text(), re.M):
                found.append(entry)
        except OSError:
            continue  # it has ended meanwhile
    return found


def wait_for(what, limit_s=10):
    deadline = time.monotonic() + limit_s
    while not (found := what()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def cells(kind):
    root = Path("/sys/fs/cgroup")
    return root / "ringbinder-fetch" if (root / "cgroup.controllers").exists() else root / kind / "ringbinder-fetch"


def test_a_fetch_has_little_and_leaves_nothing(own_appliance, silent_server):
    one = own_appliance([silent_server], fetch_memory_limit="128M", fetch_process_limit="20")
    uid = one.settings["fetch_uid"]
    stream = Stream(one.portal, f"/build/git/{spec(f'git://127.0.0.1:{silent_server}/r', 'a' * 40)}")
    threading.Thread(target=lambda: list(stream), daemon=True).start()
    wait_for(lambda: any(b"git" in (p / "cmdline").read_bytes().split(b"\0")[0].rpartition(b"/")[2]
                         for p in processes_of(uid)))
    fetching = processes_of(uid)
    mine = [p for p in cells("pids").iterdir() if p.name.startswith(f"{one.process.pid}-")]
    assert len(mine) == 1
    held = set(map(int, (mine[0] / "cgroup.procs").read_text().split()))
    for process in fetching:
        status = dict(line.split(":\t", 1) for line in (process / "status").read_text().splitlines() if ":\t" in line)
        assert status["NoNewPrivs"] == "1" and status["Groups"].strip() == ""
        assert {int(status[kind], 16) for kind in ("CapInh", "CapPrm", "CapEff", "CapAmb")} == {0}
        assert int(process.name) in held
    assert any(re.search(r"^Seccomp:\t2", (p / "status").read_text(), re.M) for p in fetching)
    memory = cells("memory") / mine[0].name
    limit = next(f for f in (memory / "memory.max", memory / "memory.limit_in_bytes") if f.exists())
    assert int(limit.read_text()) == 128 << 20 and (mine[0] / "pids.max").read_text().strip() == "20"
    assert one.stop() == 0
    assert wait_for(lambda: not processes_of(uid)) and not mine[0].exists() and not memory.exists()
    assert list((one.state / "fetch").iterdir()) == []


@pytest.mark.parametrize("command", ["cat secret", "cat ringbinder.db", "ls builds", "ls fetch", "touch here",
                                     "touch run/here", "curl -sS --unix-socket run/admin.sock http://x/",
                                     "curl -sS --unix-socket run/portal.sock http://x/",
                                     "curl -sS --unix-socket run/fetch.sock http://x/",
                                     "curl -sS --unix-socket /var/run/docker.sock http://x/_ping"])
def test_its_user_reads_no_state_and_asks_nobody(appliance, command):
    user = appliance.settings["fetch_uid"]
    done = subprocess.run(["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", *command.split()],
                          cwd=appliance.state, capture_output=True, check=False)
    assert done.returncode != 0, "the fetch user can do that"
    assert os.path.exists(appliance.state / "ringbinder.db")
