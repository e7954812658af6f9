"""Faults of builds: what a stranger's Dockerfile does to the machine."""
import os
import threading
import time
import uuid
from pathlib import Path

import pytest
from oracles import LEFT_LIMIT_S, Faults, wait_until
from ringbinder import engine

BASE = "FROM ringbinder/debian:1"
STEP_FAILED, MEMORY, SECRETS, TOO_LONG, BROKEN = "1510", "1511", "1405", "1513", "15\\d\\d"
LOG_MAX = 17 << 20  # bytes of a build's log, and what JSON adds in the stream


@pytest.fixture(scope="module")
def faults(shared_folder, server):
    with Faults(shared_folder / "builds", server, build_max_age="30s", build_memory_limit="128M",
                build_process_limit=64, repository_limit="2M") as running:
        yield running
        running.nothing_left()


@pytest.fixture
def dockerfile(server, request):
    """dockerfile(text): the address of a repository of it that the engine has never seen."""
    def make(text, **files):
        name = f"{request.node.originalname[5:40]}-{uuid.uuid4().hex[:8]}"
        server.repository(name, {"Dockerfile": text.replace("NEVER", uuid.uuid4().hex), **files})
        return server.url(name)
    return make


@pytest.fixture
def own(shared_folder, server):
    """own(key=value): an appliance of its own settings."""
    running = []

    def start(**settings):
        one = Faults(shared_folder / f"builds-own-{uuid.uuid4().hex[:6]}", server, **settings)
        running.append(one.__enter__())
        return one

    yield start
    for one in running:
        one.nothing_left()
        one.__exit__(None)


def runs(words):
    """How many processes of this machine have these words in their command."""
    count = 0
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if words in path.read_bytes().replace(b"\0", b" ").decode(errors="replace"):
                count += 1
        except OSError:
            pass  # it has just ended
    return count


def test_a_step_that_never_ends(own, dockerfile):
    """A Dockerfile never ends | `RUN sleep`, `build_max_age` 5 s | the build ends at its limit, the sentence names the
    limit, the step's process is gone"""
    seconds = 80000 + int(time.time()) % 9999
    url = dockerfile(f"{BASE}\nRUN sleep {seconds}\n")
    ended = own(build_max_age="5s").fails(url, TOO_LONG, limit_s=15)
    assert "5 s" in ended.message
    assert wait_until(lambda: not runs(f"sleep {seconds}"), LEFT_LIMIT_S)


def test_a_step_that_prints_a_million_lines(faults, dockerfile):
    """F17: a step prints a million lines | `RUN seq 1000000` | the build goes on and ends well; the log is bounded"""
    url = dockerfile(f"{BASE} AS work\nRUN echo NEVER && seq 1000000 && touch /tmp/done\n"
                     "FROM ringbinder/stub:1\nCOPY --from=work /tmp/done /done\n")
    ready = faults.ready(url)
    assert sum(len(e.get("message", "")) for e in ready["events"]) < LOG_MAX
    faults.others_are_well()
    faults.end_sessions()


def test_a_line_without_end(faults, dockerfile):
    """F17: a step prints 50 MB without a newline, with control characters | `RUN head /dev/zero` and `/dev/urandom` |
    the build's failure is told; the log is bounded"""
    url = dockerfile(f"{BASE}\nRUN echo NEVER && head -c 40000000 /dev/zero && head -c 10000000 /dev/urandom && exit 9\n")
    ended = faults.fails(url, STEP_FAILED)
    assert "9" in ended.message and len(ended.log) < LOG_MAX


def test_a_step_that_needs_more_memory_than_it_may_have(faults, dockerfile):
    """F16: a step needs more memory than allowed | 400 MB in python3, `build_memory_limit` 128 MB | only that build
    fails, and says that it was for memory"""
    url = dockerfile(f"{BASE}\nRUN echo NEVER && python3 -c 'x = bytearray(400 << 20)'\n")
    assert "memory" in faults.fails(url, MEMORY).message


def test_a_step_that_forks_without_end(faults, dockerfile):
    """F17: a step forks without end | a function of the shell that calls itself in the background,
    `build_process_limit` 64 | never more than 64 of them; the step fails, and none is left"""
    word = f"bomb-{uuid.uuid4().hex}"
    url = dockerfile(f"{BASE}\nRUN b() {{ sh -c 'sleep 60 # {word}' & b; }}; b\n")
    most, over = [], threading.Event()

    def count():
        while not over.wait(0.01):
            most.append(runs(word))

    counter = threading.Thread(target=count)
    counter.start()
    ended = faults.fails(url, BROKEN)
    over.set()
    counter.join()
    assert 1 < max(most) <= 64 + 20, (most, ended.message)  # the engine's own processes name the step, too
    assert wait_until(lambda: not runs(word), LEFT_LIMIT_S)


@pytest.mark.parametrize("mount", ["type=secret,id=token", "type=ssh", "type=secret,id=token,required=true"])
def test_mounts_of_secrets(faults, dockerfile, mount):
    """A step mounts a secret that nobody gives it | `RUN --mount=type=secret` and `type=ssh` | the build fails in words;
    there is no secret"""
    url = dockerfile(f"{BASE}\nRUN --mount={mount} ls -l /run/secrets && echo NEVER\n")
    assert "secret" in faults.fails(url, SECRETS).message


NONE = {"empty": "", "no-base": "FROM\n", "bytes": "\0\1\2\3", "unknown": "FROM scratch\nNOTHING x\n",
        "escape": "# escape=`\nFROM `", "goes-on": "FROM nothing\\",
        "long-line": "FROM ringbinder/stub:1\nENV A=" + "a" * 900000 + "\n", "deep": "FROM a\n" + "ONBUILD " * 10000}


@pytest.mark.parametrize("text", NONE.values(), ids=NONE)
def test_dockerfiles_that_are_none(faults, server, text):
    """A Dockerfile is none | empty, without a base, bytes, unknown instructions, a last line that goes on, a line of
    900 kB | the build fails in words"""
    name = f"none-{uuid.uuid4().hex[:8]}"
    server.repository(name, {"Dockerfile": text, "a.txt": ""})
    faults.fails(server.url(name), "1[45]\\d\\d|1005")


def test_the_image_under_a_build_is_removed(faults, dockerfile):
    """F14: something removes the image that a build stands on, while it builds | `DELETE /images` of a tag of the base
    during a step | the build ends well"""
    tag = f"ringbinder-faults/base-{uuid.uuid4().hex[:8]}"
    engine.ask("POST", f"/images/ringbinder/debian:1/tag?repo={tag}&tag=1")
    url = dockerfile(f"FROM {tag}:1 AS work\nRUN echo NEVER && sleep 2 && touch /tmp/done\n"
                     "FROM ringbinder/stub:1\nCOPY --from=work /tmp/done /done\n")
    removed = threading.Timer(1.2, lambda: engine.ask("DELETE", f"/images/{tag}:1"))
    removed.start()
    assert faults.ready(url)["url"]
    removed.join()
    assert not engine.has_image(f"{tag}:1")
    faults.others_are_well()
    faults.end_sessions()


def test_the_environment_of_an_image_is_removed_by_hand(faults, server):
    """F14: somebody removes an environment's image and a repository's image | `DELETE /images?force=1` of both, after a
    launch | the next launch builds what is missing"""
    name = f"removed-{uuid.uuid4().hex[:8]}"
    server.repository(name, {"requirements.txt": f"traitlets  # {uuid.uuid4()}\n"})
    ready = faults.ready(server.url(name))
    faults.end_sessions()
    for image in engine.of_instance("images", faults.appliance.instance()):
        if any(t.startswith("ringbinder/env:") or t == ready["image"] for t in image["RepoTags"] or []):
            engine.ask("DELETE", f"/images/{image['Id']}?force=1")
    again = faults.ready(server.url(name))
    assert any("Building the environment." in e.get("message", "") for e in again["events"])
    faults.others_are_well()
    faults.end_sessions()


def test_a_context_that_goes_over_the_limit_in_flight(faults, server):
    """F19: a repository is larger than its limit | 6 MB that do not compress, `repository_limit` 2 MB | fetching stops
    with a sentence that names the limit, before any build"""
    server.repository("large", {"Dockerfile": f"{BASE}\n", "data": os.urandom(6 << 20)})
    ended = faults.fails(server.url("large"), "1005|13\\d\\d")
    assert "the limit is 2097152" in ended.message
    server.repository("bomb", {"Dockerfile": f"{BASE}\n", **{f"zero{n}": bytes(30 << 20) for n in range(3)}})
    faults.fails(server.url("bomb"), "1005|13\\d\\d")


@pytest.mark.parametrize("text", ["FROM {image}\n", f"{BASE}\nCOPY --from={{image}} / /stolen\n",
                                  f"{BASE}\nRUN --mount=type=bind,from={{image}},target=/x cp -r /x /stolen\n",
                                  "ARG I={image}\nFROM $I\n"], ids=["from", "copy", "mount", "argument"])
def test_the_image_of_another_repository_is_not_read(faults, server, dockerfile, text):
    """A Dockerfile reads another repository's image on this machine | `FROM`, `COPY --from`, a bind mount, `ARG`, with
    the name of one that is there | the build is refused with a sentence"""
    name = f"theirs-{uuid.uuid4().hex[:8]}"
    server.repository(name, {"Dockerfile": "FROM ringbinder/stub:1\nLABEL theirs=yes\n"})
    image = faults.ready(server.url(name))["image"]
    faults.end_sessions()
    assert "another repository" in faults.fails(dockerfile(text.replace("{image}", image)), "14\\d\\d").message
