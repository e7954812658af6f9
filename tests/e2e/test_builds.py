"""Builds that hold: what a stranger's Dockerfile may take of the machine, and for how long."""
import io
import os
import re
import subprocess
import tarfile
import threading
import time
from pathlib import Path

import pytest
from ringbinder import engine
from ringbinder.launch import Stream, events_of, launch, spec
from ringbinder.private_engine import PrivateEngine
from ringbinder.repository import git

BASE = "ringbinder/debian:1"
PYTHON = "/srv/conda/envs/notebook/bin/python"
HOG = f"{PYTHON} -c \"x = bytearray(%d << 20); print('got', len(x) >> 20, %d)\""

BOMB = r"import os, time\nwhile 1:\n try: os.fork()\n except OSError: time.sleep(0.1)"


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
    with Appliance(shared_folder / "small", [server.port], build_memory_limit="256M", build_process_limit="40",
                   build_max_age="15s", **SHORT_DELAYS) as running:
        yield running
        instance = running.instance()
    assert nothing_left(instance) == []


# ---- limits of steps ----

@pytest.mark.parametrize("form", ["RUN %s", "RUN --mount=type=tmpfs,target=/x %s", "ENV A=b\nRUN\t%s || exit $? # $A"])
def test_a_step_that_needs_more_memory_than_allowed_is_told_so(small, server, form):
    name = f"hog-{unique()}"
    server.repository(name, {"Dockerfile": f"FROM {BASE}\n{form % (HOG % (400, unique()))}\n"})
    message, _ = failure(small, server, name)
    assert "(exit code 137)" in message and "256 MiB" in message, message
    assert re.match(r"\[\d/\d] RUN", message), message


def test_the_same_step_has_room_where_more_is_allowed(appliance, server):
    name = f"hog-{unique()}"
    server.repository(name, {"Dockerfile": f"FROM ringbinder/debian:1\nRUN {HOG % (400, unique())}\n"
                                           "FROM ringbinder/stub:1\n"})
    launch(appliance.portal, server.url(name))


def test_a_fork_bomb_is_held_until_its_build_is_over(small, server):
    word = f"bomb{unique()}"
    server.repository(word, {"Dockerfile": f"FROM {BASE}\nRUN {PYTHON} -c \"exec('{BOMB}')\" {word}\n"})
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
    assert message == "the build took longer than the 15 s that a build may take here\n"
    assert 20 < max(most) <= 40, most
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
        text = f"FROM {BASE}\nRUN {HOG % (400, unique())}\n".encode()
        entry = tarfile.TarInfo("Dockerfile")
        entry.size = len(text)
        out.addfile(entry, io.BytesIO(text))
    _, answer = engine.ask("POST", f"/build?version=2&t={theirs}", tar.getvalue())
    ours.join()
    assert b"errorDetail" not in answer, answer[-500:]
    engine.ask("DELETE", f"/images/{theirs}?force=1")


def failure_or_not(appliance, server, name):
    return events_of(appliance.portal, f"/build/git/{spec(server.url(name))}", timeout=120)


# ---- time ----

@pytest.fixture(scope="module")
def hasty(shared_folder, server):
    """An appliance that waits for nothing, and builds one at a time."""
    from e2e_fixtures import nothing_left
    from ringbinder.appliance import SHORT_DELAYS, Appliance
    delays = {**SHORT_DELAYS, "build_progress_limit": "4s", "build_abandon": "3s", "failed_build_keep": "60s",
              "concurrent_build_limit": "1"}
    with Appliance(shared_folder / "hasty", [server.port], **delays) as running:
        yield running
        instance = running.instance()
    assert nothing_left(instance) == []


def test_a_build_without_progress_is_stopped_with_its_last_line(hasty, server):
    name = f"stuck-{unique()}"
    server.repository(name, {"Dockerfile": f"FROM {BASE}\nRUN echo nearly there; sleep 600.{name[6:]}\n"})
    message, _ = failure(hasty, server, name)
    assert message.startswith("nothing has happened in this build for 4 s, so it was stopped; its last line: ")
    assert "nearly there" in message
    assert nobody_runs(b"600." + name[6:].encode())


def test_a_build_that_never_ends_is_stopped_after_its_time(small, server):
    name = f"endless-{unique()}"
    server.repository(name, {"Dockerfile": f"FROM {BASE}\nRUN while :; do echo {name}; sleep 0.5; done\n"})
    message, _ = failure(small, server, name)
    assert message == "the build took longer than the 15 s that a build may take here\n"
    assert nobody_runs(name.encode())


def test_a_build_that_nobody_watches_any_more_is_stopped(hasty, server):
    name = f"left-{unique()}"
    server.repository(name, {"Dockerfile": f"FROM {BASE}\nRUN while :; do echo on; sleep 0.5; done # {name}\n"})
    stream = Stream(hasty.portal, f"/build/git/{spec(server.url(name))}")
    for event in stream:
        if event.get("phase") == "building" and "on\n" in event["message"]:
            break
    stream.close()
    assert commands_running(name.encode())
    assert nobody_runs(name.encode(), limit_s=15)
    assert "RB1515" in hasty.journal()


def test_a_failed_build_answers_for_the_next_launch_of_its_commit(hasty, server):
    name = f"broken-{unique()}"
    repository = server.repository(name, {"Dockerfile": f"FROM {BASE}\nRUN echo why it fails; exit 3 # {name}\n"})
    first, _ = failure(hasty, server, name)
    began = time.monotonic()
    second, log = failure(hasty, server, name)
    assert time.monotonic() - began < 2
    assert re.match(r"failed \d+ s ago, tried anew after 60 s: ", second) and second.endswith(first)
    assert "why it fails" in log
    repository.commit({"Dockerfile": "FROM ringbinder/stub:1\n"})
    launch(hasty.portal, server.url(name))


def test_who_waits_reads_in_which_place_and_repositories_take_turns(hasty, server):
    names = [f"many-{unique()}" for _ in range(3)]
    server.repository(names[0], {"Dockerfile": f"FROM {BASE}\nRUN sleep 3 # {names[0]}\nFROM ringbinder/stub:1\n"
                                               f"COPY --from=0 /etc/debian_version /{names[0]}\n"})
    results = {}

    def follow(name):
        results[name] = events_of(hasty.portal, f"/build/git/{spec(server.url(name))}", timeout=120)

    for name in names[1:]:
        server.repository(name, {"Dockerfile": f"FROM ringbinder/stub:1\nLABEL n={name}\n"})
    threads = [threading.Thread(target=follow, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
        time.sleep(0.7)
    for thread in threads:
        thread.join()
    told = [e["message"] for e in results[names[2]] if e.get("phase") == "waiting"]
    assert any(m.startswith("1 build is in front of this one") for m in told), told
    assert any(m.startswith("This build is the next to begin") for m in told), told
    assert [r[-1]["phase"] for r in results.values()] == ["ready"] * 3


# ---- the disk ----

def test_disk_runs_low(own_appliance, server):
    server.repository("roomy", {"Dockerfile": "FROM ringbinder/stub:1\nLABEL x=y\n"})
    one = own_appliance()
    launch(one.portal, server.url("roomy"))
    one.stop()
    one.settings["build_disk_free"] = "1000000G"
    one.start()
    launch(one.portal, server.url("roomy"))
    name = f"late-{unique()}"
    server.repository(name, {"Dockerfile": "FROM ringbinder/stub:1\n"})
    message, _ = failure(one, server, name)
    assert "GiB of disk left" in message and "what was built before can be launched" in message


# ---- repositories that change ----

class Waits:
    """A launch that has resolved its ref and waits behind a slow build, for as long as the block runs."""

    def __init__(self, appliance, server, name):
        self.appliance, self.server, self.name, self.events = appliance, server, name, []

    def __enter__(self):
        slow = f"slow-{unique()}"
        self.server.repository(slow, {"Dockerfile": f"FROM {BASE}\nRUN sleep 3 # {slow}\n"})
        self.threads = [threading.Thread(target=failure_or_not, args=(self.appliance, self.server, slow)),
                        threading.Thread(target=self.follow)]
        self.threads[0].start()
        time.sleep(1)
        self.threads[1].start()
        time.sleep(1)
        return self

    def follow(self):
        self.events = failure_or_not(self.appliance, self.server, self.name)

    def __exit__(self, *_):
        for thread in self.threads:
            thread.join()


def test_what_was_resolved_is_built_whatever_the_branch_has_become(hasty, server):
    name = f"moved-{unique()}"
    repository = server.repository(name, {"Dockerfile": "FROM ringbinder/stub:1\n"})
    resolved = repository.head
    with Waits(hasty, server, name) as waiting:
        assert repository.commit({"Dockerfile": "FROM ringbinder/nothing\n"}) != resolved
    assert waiting.events[-1]["phase"] == "ready", waiting.events[-3:]
    assert waiting.events[-1]["image"].endswith(resolved)


def test_a_commit_that_has_gone_since_it_was_resolved_gets_a_sentence(hasty, server):
    name = f"rewritten-{unique()}"
    repository = server.repository(name, {"Dockerfile": "FROM ringbinder/stub:1\n"})
    resolved = repository.head
    with Waits(hasty, server, name) as waiting:
        git(repository.folder, "commit", "-q", "--amend", "-m", "another")
        git(repository.folder, "reflog", "expire", "--expire=now", "--all")
        git(repository.folder, "gc", "-q", "--prune=now")
    assert waiting.events[-1]["phase"] == "failed"
    assert resolved[:7] in waiting.events[-1]["message"], waiting.events[-1]


def test_a_repository_over_the_limit_gets_a_sentence(own_appliance, server):
    name = f"large-{unique()}"
    server.repository(name, {"Dockerfile": "FROM ringbinder/stub:1\n", "data": os.urandom(3 << 20)})
    message, _ = failure(own_appliance(repository_limit="1M"), server, name)
    assert re.match(r"the repository has more than \d+ bytes, the limit is 1048576\n$", message), message


# ---- the engine ----

# Static, so that it needs no image: says that it runs, and does so for a while.
STEP = '#include <unistd.h>\nint main(void) { write(1, "it runs\\n", 8); sleep(4); return 0; }\n'


@pytest.fixture(scope="module")
def step(tmp_path_factory):
    folder = tmp_path_factory.mktemp("step")
    (folder / "step.c").write_text(STEP)
    subprocess.run(["cc", "-static", "-w", "-o", folder / "step", folder / "step.c"], check=True)
    return (folder / "step").read_bytes()


def slow_repository(server, name, step):
    repository = server.repository(name)
    repository.commit({"Dockerfile": "FROM scratch\nCOPY step /step\nRUN [\"/step\"]\n", "step": step},
                      executable=["step"])


def test_an_engine_that_is_restarted_during_a_build_has_it_again(own_appliance, server, step):
    name = f"restarted-{unique()}"
    slow_repository(server, name, step)
    with PrivateEngine() as private:
        one = own_appliance(engine_socket=private.socket, engine_cgroup_parent=private.cgroup_parent,
                            engine_ask_again="200ms")
        stream = Stream(one.portal, f"/build/git/{spec(server.url(name))}")
        log = ""
        for event in stream:
            if event.get("phase") in ("built", "failed"):
                break
            if "it runs" in event["message"] and "it runs" not in log:
                private.stop()
                private.start()
            log += event["message"]
        stream.close()
        assert event["phase"] == "built", (event, log)
        assert "The container engine went away: this build begins again when it is back." in log
        assert log.count("it runs") == 2
        one.stop()


def test_an_engine_that_stays_away_leaves_a_waiting_build_and_nothing_else(own_appliance, server, step):
    name = f"gone-{unique()}"
    slow_repository(server, name, step)
    with PrivateEngine() as private:
        one = own_appliance(engine_socket=private.socket, engine_cgroup_parent=private.cgroup_parent,
                            engine_ask_again="200ms", build_abandon="3s")
        stream = Stream(one.portal, f"/build/git/{spec(server.url(name))}")
        for event in stream:
            if "it runs" in event["message"]:
                private.stop()
            if "went away" in event["message"]:
                break
        stream.close()
        deadline = time.monotonic() + 15
        while "RB1515" not in one.journal() and time.monotonic() < deadline:
            time.sleep(0.1)
        assert "RB1515" in one.journal()
        one.stop()
