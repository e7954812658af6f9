"""Builds that hold: what a stranger's Dockerfile may take of the machine, and for how long."""
import io
import re
import tarfile
import threading
import time
from pathlib import Path

import pytest
from ringbinder import engine
from ringbinder.launch import events_of, launch, spec

BASE = "ringbinder/debian:1"
PYTHON = "/srv/conda/envs/notebook/bin/python"
HOG = f"{PYTHON} -c \"x = bytearray(%d << 20); print('got', len(x) >> 20, %d)\""


def unique():
    """In a command, so that no engine has the step from an earlier run."""
    return time.time_ns()


def failure(appliance, server, name, limit_s=120):
    """The sentence with which the build of a repository ends, and the whole log in front of it."""
    events = events_of(appliance.portal, f"/build/git/{spec(server.url(name))}", timeout=limit_s)
    assert events[-1]["phase"] == "failed", events[-3:]
    return events[-1]["message"], "".join(e["message"] for e in events)


def commands_running(word):
    """Pids of this machine's processes with `word` among their arguments: the engine runs here, too."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if word in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            pass
    return found


def nobody_runs(word, limit_s=10):
    deadline = time.monotonic() + limit_s
    while commands_running(word):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


@pytest.fixture(scope="module")
def small(shared_folder, server):
    """An appliance whose builds may have little."""
    from e2e_fixtures import nothing_left
    from ringbinder.appliance import SHORT_DELAYS, Appliance
    with Appliance(shared_folder / "small", [server.port], build_memory_limit="128M", build_process_limit="40",
                   build_max_age="15s", **SHORT_DELAYS) as running:
        yield running
        instance = running.instance()
    assert nothing_left(instance) == []


# ---- limits of steps ----

@pytest.mark.parametrize("form", ["RUN %s", "RUN --mount=type=tmpfs,target=/x %s", "ENV A=b\nRUN\t%s || exit $? # $A"])
def test_a_step_that_needs_more_memory_than_allowed_is_told_so(small, server, form):
    name = f"hog-{unique()}"
    server.repository(name, {"Dockerfile": f"FROM {BASE}\n{form % (HOG % (300, unique()))}\n"})
    message, _ = failure(small, server, name)
    assert "(exit code 137)" in message and "128 MiB" in message, message
    assert re.match(r"\[\d/\d] RUN", message), message


def test_the_same_step_has_room_where_more_is_allowed(appliance, server):
    name = f"hog-{unique()}"
    server.repository(name, {"Dockerfile": f"FROM ringbinder/debian:1\nRUN {HOG % (300, unique())}\n"
                                           "FROM ringbinder/stub:1\n"})
    launch(appliance.portal, server.url(name))


def test_a_fork_bomb_is_held_until_its_build_is_over(small, server):
    word = f"bomb{unique()}"
    server.repository(word, {"Dockerfile": f"FROM {BASE}\nRUN b() {{ sh -c 'sleep 60 # {word}' & b; }}; b\n"})
    most = []
    over = threading.Event()

    def count():
        while not over.wait(0.2):
            most.append(len(commands_running(word.encode())))

    counter = threading.Thread(target=count)
    counter.start()
    message, _ = failure(small, server, word)
    over.set()
    counter.join()
    assert message
    assert 1 < max(most) <= 60, most  # 40 in the step; the daemon's and this test's own are counted, too
    assert nobody_runs(word.encode())


def test_builds_of_others_are_not_touched(small, server):
    """Somebody else's build of the same kind, beside one of ours that is held to its limit."""
    mine, theirs = f"mine-{unique()}", f"rb-test-theirs:{unique()}"
    server.repository(mine, {"Dockerfile": f"FROM {BASE}\nRUN sleep 6 && echo {unique()}\n"})
    ours = threading.Thread(target=failure_or_not, args=(small, server, mine))
    ours.start()
    time.sleep(2)
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as out:
        text = f"FROM {BASE}\nRUN {HOG % (300, unique())}\n".encode()
        entry = tarfile.TarInfo("Dockerfile")
        entry.size = len(text)
        out.addfile(entry, io.BytesIO(text))
    _, answer = engine.ask("POST", f"/build?version=2&t={theirs}", tar.getvalue())
    ours.join()
    assert b"errorDetail" not in answer, answer[-500:]
    engine.ask("DELETE", f"/images/{theirs}?force=1")


def failure_or_not(appliance, server, name):
    return events_of(appliance.portal, f"/build/git/{spec(server.url(name))}", timeout=120)
