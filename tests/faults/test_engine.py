"""The container engine away, elsewhere, silent, slow or wrong; on the fake engine, which does so on demand."""
import contextlib
import http.client
import os
import signal
import time
import urllib.parse

import pytest
from kill_rig import STUB, Rig
from oracles import says_well, wait_until
from ringbinder.appliance import SHORT_DELAYS, Appliance
from ringbinder.fake_engine import FakeEngine
from ringbinder.launch import build_path, follow
from ringbinder.notebook import Session

HEALTH_LIMIT_S = 15  # the second oracle's
SOON_S = 10          # a sweep, and what follows it
SWEEP_S = 2
AWAY_S = 1.5


@pytest.fixture(scope="module")
def fake(shared_folder):
    with FakeEngine(shared_folder / "faulty-engine") as running:
        yield running


@pytest.fixture(scope="module")
def shared(shared_folder, fake, server):
    # A launch's four attempts last longer than the engine is away.
    with Rig(shared_folder / "faulty", fake, server, sweep=f"{SWEEP_S}s", engine_ask_again="200ms",
             retry_delay="500ms") as running:
        running.others = set(fake.containers())
        yield running
        served(running)


@pytest.fixture
def rig(shared, fake):
    fake.tell(clear=True)
    fake.tell(events="all", servers="answer")
    shared.clients.clear()
    yield shared
    for name in set(fake.containers()) - shared.others:  # there is room again for whoever comes next
        with contextlib.suppress(KeyError):
            fake.tell(gone=name)
    assert wait_until(shared.agree, SOON_S)


def served(rig):
    assert Session(rig.bystander).ask("api")[0] == 200, "the bystander's session"


def ready(rig):
    """A session of somebody else, and the name of its container."""
    before = set(rig.engine.containers())
    event = rig.launch(rig.repository({"Dockerfile": STUB}))
    assert event["phase"] == "ready", event
    return Session(event), (set(rig.engine.containers()) - before).pop()


def page(session):
    """(status, what a browser shows)"""
    where = urllib.parse.urlsplit(session.url)
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=20)
    connection.request("GET", where.path, headers={"Accept": "text/html", "Sec-Fetch-Mode": "navigate"})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def ended(session):
    with contextlib.suppress(OSError, http.client.HTTPException):
        return session.ask("api")[0] in (410, 424)
    return False


@pytest.mark.parametrize("what", ["nothing", "a-folder"])
def test_no_engine_at_the_start(shared_folder, server, what):
    """F01, F02: the engine is not there at the start, or its socket's path is a folder | no socket; `mkdir` of it; later
    an engine | /health says so, launches fail in words, nothing crashes or removes the folder; then all goes on"""
    folder = shared_folder / f"no-engine-{what}"
    socket = folder / "engine.sock"
    (socket if what == "a-folder" else folder).mkdir(parents=True)
    repository = server.repository(f"no-engine-{what}", {"Dockerfile": STUB})
    path = build_path(server.url(f"no-engine-{what}"), repository.head)
    settings = {**SHORT_DELAYS, "engine_socket": socket, "engine_ask_again": "200ms"}
    with Appliance(folder / "appliance", [server.port], **settings) as one:
        daemon = one.pid_of("ringbinderd")
        assert not says_well(one.portal)
        last = follow(one.portal, path)[-1]
        assert last["phase"] == "failed" and "engine" in last["message"]
        assert f"RB1201 the container engine: {'' if what == 'nothing' else str(socket)}" in one.journal()
        if what == "a-folder":
            assert "is a directory" in one.journal() and socket.is_dir()
            socket.rmdir()
        with FakeEngine(folder):
            assert wait_until(lambda: says_well(one.portal), HEALTH_LIMIT_S)
            assert follow(one.portal, path)[-1]["phase"] == "ready"
            assert one.pid_of("ringbinderd") == daemon, "it was restarted for that"
            one.stop()


def test_an_engine_that_is_restarted_and_keeps_its_containers(rig, fake):
    """F03: the engine is restarted, with live-restore | the fake engine is away for 1.5 s, a launch under way | sessions
    are served all the time, the launch reaches `ready`, nothing is doubled"""
    fake.stall("POST /containers/create")
    client = rig.launch_behind(rig.repository({"Dockerfile": STUB}))
    assert fake.wait_stalled()
    fake.tell(away=AWAY_S, containers="kept")
    until = time.monotonic() + AWAY_S
    while time.monotonic() < until:
        served(rig)
        time.sleep(0.1)
    client.join()
    assert client.events[-1]["phase"] == "ready", client.events[-3:]
    assert wait_until(lambda: says_well(rig.appliance.portal), HEALTH_LIMIT_S)
    rig.ended_well()
    served(rig)


def test_an_event_stream_that_says_nothing(rig, fake):
    """F04: the stream of events falls silent | connections stay, nothing is told, a container dies | the sweep finds it,
    in its own time"""
    session, name = ready(rig)
    time.sleep(1)  # what the start's own events have asked for is over
    fake.tell(events="lost")
    fake.tell(end=name, code=3)
    assert wait_until(rig.agree, SWEEP_S + SOON_S), "no sweep found it, and nobody asked for the session"
    assert ended(session)
    served(rig)


def test_a_create_that_hangs(rig, fake):
    """F05: a container's making hangs | `POST /containers/create` is not answered | its deadline ends it, the launch is
    tried once more and reaches `ready`; one container"""
    fake.tell(fault="POST /containers/create", delay="far")
    events = follow(rig.appliance.portal, rig.repository({"Dockerfile": STUB}))
    assert events[-1]["phase"] == "ready", events[-3:]
    assert "RB1658 attempt 1 failed" in rig.appliance.journal()
    rig.ended_well()
    served(rig)


def test_a_removal_that_another_is_at(rig, fake):
    """F06: a container is not removed, since "removal is already in progress" | 409 ten times | it is asked for again
    calmly until it is gone; no storm, and the slot is taken until then"""
    _, name = ready(rig)
    fake.tell(fault=f"DELETE /containers/{name}", status=409, message="removal is already in progress", times=10)
    fake.tell(end=name, code=0)
    assert wait_until(lambda: name not in fake.containers(), SOON_S), "it was given up"
    asked = [line for line in fake.requests() if line.startswith(f"DELETE /containers/{name}")]
    assert len(asked) <= 12, asked
    served(rig)


# The fault, and what a launch that meets it comes to: the engine's errors are tried again, with a new name.
ANSWERS = {
    "500": {"fault": "POST /containers/create", "status": 500, "message": "the engine's own words"},
    "500-always": {"fault": "POST /containers/create", "status": 500, "message": "the engine's own words", "times": 50},
    "closed": {"fault": "POST /containers/create", "status": 0},
    "broken": {"fault": "GET /containers/json", "status": 200, "body": "[{\"Id\": ", "times": 3},
    "no-list": {"fault": "GET /containers/json", "status": 200, "body": "{}", "times": 3},
    "slow": {"fault": "POST /containers/create", "delay": 3},
    "start-500": {"fault": "POST /containers/rb-", "status": 500, "message": "the engine's own words"},
    "inspect-nonsense": {"fault": "GET /containers/rb-", "status": 200, "body": "7", "times": 1},
}


@pytest.mark.parametrize("name", ANSWERS)
def test_answers_that_are_none(rig, fake, name):
    """The engine answers slowly, with errors, with nonsense, or not to the end | 500, a closed connection, broken JSON, an
    object for a list, 3 s of delay | `ready` by another try, or one `failed` in words; others' sessions go on"""
    fake.tell(**ANSWERS[name])
    client = rig.launch_behind(rig.repository({"Dockerfile": STUB}))
    client.join()
    last = client.events[-1]
    if name == "500-always":
        assert last["phase"] == "failed" and len(last["message"].split()) > 3, last
        assert "RB1202" in rig.appliance.journal()
    else:
        assert last["phase"] == "ready", last
    fake.tell(clear=True)
    rig.ended_well()
    served(rig)
    assert says_well(rig.appliance.portal)


def test_a_hundred_launches_at_once(rig):
    """F23: 100 launches of one repository in a moment | 100 clients | each reads `ready`, or a refusal in words; rows and
    engine agree"""
    path = rig.repository({"Dockerfile": STUB})
    assert rig.launch(path)["phase"] == "ready"
    for _ in range(100):
        rig.launch_behind(path)
    for client in rig.clients:
        client.join()
        last = client.events[-1]
        assert last["phase"] == "ready" or len(last["message"].split()) > 5, last
    assert says_well(rig.appliance.portal)
    rig.ended_well()
    served(rig)


def test_a_daemon_that_hangs(rig):
    """The daemon hangs | SIGSTOP for 2 s, a launch begins meanwhile | sessions are served without it, the launch waits and
    reaches `ready`"""
    daemon = rig.appliance.pid_of("ringbinderd")
    os.kill(daemon, signal.SIGSTOP)
    try:
        client = rig.launch_behind(rig.repository({"Dockerfile": STUB}))
        until = time.monotonic() + 2
        while time.monotonic() < until:
            served(rig)
            time.sleep(0.1)
    finally:
        os.kill(daemon, signal.SIGCONT)
    client.join()
    assert client.events[-1]["phase"] == "ready"
    assert rig.appliance.pid_of("ringbinderd") == daemon


def test_an_engine_that_is_restarted_and_ends_its_containers(shared_folder, server):
    """F03: the engine is restarted, without live-restore | the fake engine is away for 1.5 s, containers have ended | the
    page of a session says that the engine was restarted; rows and engine agree"""
    folder = shared_folder / "ended-with-it"
    with FakeEngine(folder) as fake, Rig(folder / "appliance", fake, server, engine_ask_again="200ms") as rig:
        session = Session(rig.bystander)
        fake.tell(away=AWAY_S, containers="ended")
        assert wait_until(lambda: ended(session), AWAY_S + SOON_S), "nobody noticed"
        status, text = page(session)
        assert status == 424 and "restarted" in text, text[-1500:]
        assert "RB1210" in rig.appliance.journal()
        assert wait_until(rig.agree, SOON_S), (rig.containers(), rig.wanted())
        assert ready(rig)
