"""A fetch process that has been taken over spoils its own repository's image and nothing else (issue 4, point 7)."""
import shutil
import socket
import threading
import time
import uuid
from pathlib import Path

import pytest
from hostile_fetch import LISTENER_PORT, PLAYS
from oracles import LEFT_LIMIT_S, Faults, processes_of, wait_until
from ringbinder import engine
from ringbinder.appliance import BUILD, TOP

HERE = Path(__file__).resolve().parent
MALFORMED, TREE, AWAY, DEADLINE, TOO_LONG, ENGINE = "1500", "1333", "1501", "1004", "1513", "1[25]\\d\\d"
IMAGE = "1404"
CODES = {"resolve-silent": DEADLINE, "breaks-off": AWAY, "control": TREE, "huge-lines": TREE, "huge-end": TREE,
         "garbage": ENGINE, "empty": ENGINE, "symlink": ENGINE, "climbs": ENGINE, "device": ENGINE}
SLOW = {"close": f"{AWAY}|{TOO_LONG}", "silent": TOO_LONG, "half-frame": TOO_LONG, "content-silent": TOO_LONG}
READS = [name for name in PLAYS if name.startswith("reads-") and name != "reads-own"]
OTHER_TESTS = {"claims", "leaves-children", "stays", "reads-own", *READS}
QUICK = [name for name in PLAYS if name not in SLOW and name not in OTHER_TESTS]


def url_of(play):
    return f"https://fetch.example/play-{play}.git"


def never_seen():
    """A full commit: nobody is asked which one it is, and no image of it is there."""
    return (uuid.uuid4().hex * 2)[:40]


@pytest.fixture(scope="module")
def programs(shared_folder):
    """Our programs, with the hostile fetch in the true one's place."""
    folder = shared_folder / "programs"
    folder.mkdir()
    for name in ("ringbinder", "ringbinderd", "ringbinder-gateway"):
        shutil.copy(BUILD / name, folder)
    shutil.copy(BUILD / "ringbinder-fetch", folder / "ringbinder-fetch.true")
    shutil.copy(HERE / "hostile_fetch.py", folder / "ringbinder-fetch")
    shutil.copytree(TOP / "tests" / "lib" / "ringbinder", folder / "lib" / "ringbinder")
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def faults(shared_folder, server, programs):
    with Faults(shared_folder / "hostile", server, programs=programs, repository_limit="1M", resolve_limit="2s",
                build_max_age="8s", concurrent_build_limit=8) as running:
        yield running
        running.nothing_left()


@pytest.fixture(scope="module")
def popular(faults, server):
    """An environment that others use: (the repository, what its image is)."""
    repository = server.repository("popular", {"requirements.txt": f"traitlets  # {uuid.uuid4()}\n", "a.txt": "first"})
    faults.ready(server.url("popular"))
    [image] = [i for i in engine.of_instance("images", faults.appliance.instance())
               if any(t.startswith("ringbinder/env:") for t in i["RepoTags"] or [])]
    yield repository, image
    assert engine.ask("GET", f"/images/{image['RepoTags'][0]}/json")[1]["Id"] == image["Id"], "another image bears its name"


@pytest.mark.parametrize("play", QUICK)
def test_what_is_no_answer_ends_its_own_build(faults, popular, play):
    """A fetch says what it may not | one play of hostile_fetch.py each, 50 of them | its launch fails with a sentence and
    a code of fetch's, at once; the daemon lives; the popular environment is the image that it was"""
    ref = "HEAD" if play.startswith("resolve-") else never_seen()
    ended = faults.fails(url_of(play), CODES.get(play, MALFORMED), ref, limit_s=10)
    assert len(ended.message) < 600
    assert "root:" not in str(ended.events)


def test_silence_ends_at_the_builds_limit(faults):
    """A fetch never answers, stops within a frame or a context, or closes each time | four plays side by side,
    `build_max_age` 8 s | each launch fails at that limit"""
    ended = {}

    def play(name, code):
        ended[name] = faults.fails(url_of(name), code, never_seen(), limit_s=20)

    threads = [threading.Thread(target=play, args=one) for one in SLOW.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(ended) == set(SLOW)
    assert all(one.seconds >= 7 for one in ended.values())


def test_bytes_of_its_own_for_a_popular_environment_are_its_own(faults, popular, server, programs):
    """A fetch sends bytes of its own and names the key of an environment that others use | PLAN, files and labels name
    that key, other bytes in each run | its own image is spoilt; the environment's image and the next commit of the
    other repository are not"""
    repository, image = popular
    (programs / "popular").write_text(image["Labels"]["io.ringbinder.environment"])
    (programs / "popular").chmod(0o644)
    before = {i["Id"] for i in engine.of_instance("images", faults.appliance.instance())}
    for _ in range(2):
        assert faults.ready(url_of("claims"), never_seen())["url"]
    made = [i for i in engine.of_instance("images", faults.appliance.instance()) if i["Id"] not in before]
    names = [tag for i in made for tag in i["RepoTags"] or []]
    assert len([n for n in names if n.startswith("ringbinder/env:")]) == 2, "other bytes have another key"
    assert image["RepoTags"][0] not in names
    next_one = faults.ready(server.url("popular"), repository.commit({"a.txt": "second"}))
    assert any("used again" in e.get("message", "") for e in next_one["events"])
    layers = engine.ask("GET", f"/images/{image['Id']}/json")[1]["RootFS"]["Layers"]
    assert engine.ask("GET", f"/images/{next_one['image']}/json")[1]["RootFS"]["Layers"][:len(layers)] == layers
    faults.others_are_well()
    faults.end_sessions()


@pytest.fixture(scope="module")
def victim(faults, server, programs):
    """Another repository's image, and a listener that builds reach: (the image's name, the listener)."""
    server.repository("victim", {"Dockerfile": "FROM ringbinder/debian:1\nCOPY secret /secret\n", "secret": "a-secret"})
    image = faults.ready(server.url("victim"))["image"]
    gateway = engine.ask("GET", "/networks/bridge")[1]["IPAM"]["Config"][0]["Gateway"]
    (programs / "victim").write_text(f"{image} {gateway}")
    (programs / "victim").chmod(0o644)
    with socket.create_server((gateway, LISTENER_PORT)) as listener:
        listener.setblocking(False)
        faults.ready(url_of("reads-own"), never_seen())
        listener.accept()[0].close()  # else it would prove nothing
        yield image, listener
    faults.end_sessions()


@pytest.mark.parametrize("play", READS)
def test_images_of_others_are_not_read(faults, victim, play):
    """A fetch sends a Dockerfile that reads another repository's image | FROM, COPY --from, RUN --mount, an ARG, a
    frontend | its launch fails with a sentence that names the image; no image has its name; no step of its build tells a
    listener anything, and none is in the log"""
    image, listener = victim
    before = {tag for one in engine.of_instance("images", faults.appliance.instance()) for tag in one["RepoTags"] or []}
    ended = faults.fails(url_of(play), IMAGE, never_seen(), limit_s=10)
    assert image in ended.message
    assert "a-secret" not in str(ended.events)
    time.sleep(2)  # as long as an engine takes to stop a build
    with pytest.raises(BlockingIOError):
        listener.accept()
    after = {tag for one in engine.of_instance("images", faults.appliance.instance()) for tag in one["RepoTags"] or []}
    assert after - {"<none>:<none>"} == before - {"<none>:<none>"}


def test_one_that_does_not_go_is_ended(faults):
    """A fetch stays after its last word, forty times | play `stays` | each process is ended soon; the next launch
    finds one"""
    uid = int(faults.appliance.settings["fetch_uid"])
    for _ in range(40):
        faults.fails(url_of("stays"), TREE, never_seen(), limit_s=20)
    assert wait_until(lambda: not processes_of(uid), LEFT_LIMIT_S), processes_of(uid)


def test_children_that_it_leaves_are_ended(faults):
    """A fetch leaves processes in sessions of their own | play `leaves-children` | they are ended with it"""
    uid = int(faults.appliance.settings["fetch_uid"])
    faults.fails(url_of("leaves-children"), TREE, never_seen(), limit_s=20)
    assert wait_until(lambda: not processes_of(uid), LEFT_LIMIT_S), processes_of(uid)
