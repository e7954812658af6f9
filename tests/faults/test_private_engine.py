"""A real engine that is restarted, killed and pruned: a private one, in a network namespace, with the appliance inside it."""
import threading
import time

import pytest
from kill_rig import STUB
from oracles import says_well, wait_until
from ringbinder import engine
from ringbinder.appliance import SHORT_DELAYS, Appliance
from ringbinder.launch import LaunchFailed, launch
from ringbinder.notebook import Session
from ringbinder.private_engine import PrivateEngine
from ringbinder.repository import GitServer

IMAGES = ("ringbinder/stub:1",)
SOON_S = 20


@pytest.fixture(scope="module")
def private():
    """Everything that the tests of this module start is in its namespace, and `engine` speaks to it."""
    images = {name: engine.ask("GET", f"/images/{name}/get")[1] for name in IMAGES}
    with PrivateEngine(live_restore=True) as running, running.inside(), engine.at(running.socket):
        for archive in images.values():
            assert engine.ask("POST", "/images/load", archive)[0] == 200
        running.archives = list(images.values())
        yield running


@pytest.fixture(scope="module")
def git(private, tmp_path_factory):
    with GitServer(tmp_path_factory.mktemp("private-git")) as running:
        running.repository("stub", {"Dockerfile": STUB})
        yield running


def appliance_on(private, git, folder):
    return Appliance(folder, [git.port], engine_socket=private.socket, engine_cgroup_parent=private.cgroup_parent,
                     engine_ask_again="200ms", **SHORT_DELAYS)


@pytest.fixture(scope="module")
def appliance(private, git, shared_folder):
    with appliance_on(private, git, shared_folder / "private") as running:
        yield running
        instance = running.instance()
        running.stop()
        assert engine.of_instance("containers", instance) == []


@pytest.fixture
def session(appliance, git):
    return Session(launch(appliance.portal, git.url("stub")))


def answers(session):
    return session.ask("api")[0] == 200


def containers(appliance):
    return {c["Id"] for c in engine.of_instance("containers", appliance.instance())}


def well(appliance):
    return wait_until(lambda: says_well(appliance.portal), SOON_S)


def launch_during(appliance, git, fault):
    """A launch that is under way while `fault` happens; its last event's phase."""
    ended = []

    def one():
        try:
            ended.append(launch(appliance.portal, git.url("stub"))["phase"])
        except LaunchFailed as failed:
            assert len(str(failed.args[0]).split()) > 3, failed.args
            ended.append("failed")

    thread = threading.Thread(target=one)
    thread.start()
    time.sleep(0.05)
    fault()
    thread.join(60)
    assert len(ended) == 1, "it goes on for ever"
    return ended[0]


def test_the_engine_is_restarted_with_live_restore(private, appliance, git, session):
    """F03: the engine is restarted under running sessions, with live-restore | a private dockerd with it, SIGTERM and
    started again; a launch under way | the same containers go on and are served meanwhile, a launch ends in one way"""
    before = containers(appliance)

    def restart():
        private.stop()
        assert answers(session), "it runs though its engine does not"
        private.start()

    launch_during(appliance, git, restart)
    assert well(appliance)
    assert before <= containers(appliance)
    assert answers(session)
    assert launch(appliance.portal, git.url("stub"))["phase"] == "ready"


def test_the_engine_is_killed_with_live_restore(private, appliance, git, session):
    """F03: the engine is killed under running sessions, with live-restore | kill -9 of the private dockerd | as above"""
    before = containers(appliance)
    private.kill()
    assert answers(session)
    private.start()
    assert well(appliance)
    assert before <= containers(appliance)
    assert answers(session)
    assert launch(appliance.portal, git.url("stub"))["phase"] == "ready"


def test_somebody_prunes_the_engine(private, appliance, git, session):
    """F64: somebody else's `docker system prune --all` | containers, networks and images are pruned, while a session runs;
    then the network is removed with nobody on it | the session goes on; the next launch makes what is missing"""
    image = engine.of_instance("containers", appliance.instance())[0]["Image"]
    engine.ask("POST", "/containers/prune")
    engine.ask("POST", "/networks/prune")
    engine.ask("POST", '/images/prune?filters={"dangling":["false"]}')
    assert answers(session)
    for one in containers(appliance):
        engine.ask("DELETE", f"/containers/{one}?force=1")
    assert wait_until(lambda: session.ask("api")[0] == 424, SOON_S)
    engine.ask("POST", "/networks/prune")
    engine.ask("POST", '/images/prune?filters={"dangling":["false"]}')
    assert not engine.has_image(image) and not engine.has_image(IMAGES[0])
    for archive in private.archives:  # what an appliance is installed with is the operator's
        engine.ask("POST", "/images/load", archive)
    assert launch(appliance.portal, git.url("stub"))["phase"] == "ready"


@pytest.mark.parametrize("how", ["stop?t=1", "kill", "pause"])
def test_containers_are_ended_by_hand(appliance, git, how):
    """A session's container is stopped, killed or paused by hand | the engine's API, beside us | the page says that it
    ended; one that is paused goes on when it is let to"""
    before = containers(appliance)
    session = Session(launch(appliance.portal, git.url("stub")))
    mine = (containers(appliance) - before).pop()
    engine.ask("POST", f"/containers/{mine}/{how}")
    if how == "pause":
        time.sleep(1)
        engine.ask("POST", f"/containers/{mine}/unpause")
        assert answers(session) and mine in containers(appliance)
    else:
        assert wait_until(lambda: session.ask("api")[0] == 424, SOON_S)
        assert wait_until(lambda: mine not in containers(appliance), SOON_S)


def test_two_instances_on_one_engine(private, appliance, git, session, shared_folder):
    """Two instances on one engine | a second appliance, which is ended again, with a foreign container beside | neither
    touches what is the other's or nobody's"""
    foreign = engine.ask("POST", "/containers/create?name=somebody-elses", {"Image": IMAGES[0]})[1]["Id"]
    before = containers(appliance)
    with appliance_on(private, git, shared_folder / "neighbour") as neighbour:
        assert launch(neighbour.portal, git.url("stub"))["phase"] == "ready"
        assert containers(neighbour).isdisjoint(before)
        instance = neighbour.instance()
    assert engine.of_instance("containers", instance) == [] and engine.of_instance("networks", instance) == []
    assert containers(appliance) == before and answers(session)
    assert engine.ask("DELETE", f"/containers/{foreign}")[0] == 204, "it was not ours to remove"


def test_the_engine_is_restarted_without_live_restore(private, appliance, git):
    """F03: the engine is restarted under running sessions, without live-restore | the private dockerd, SIGTERM and started
    again without it; a launch under way | sessions end with a page that says so, the launch ends in one way, the next one
    works"""
    private.stop()
    private.start(live_restore=False)  # which ends those that it finds
    assert well(appliance)
    session = Session(launch(appliance.portal, git.url("stub")))
    said = len(appliance.journal())

    def restart():
        private.stop()
        private.start(live_restore=False)

    launch_during(appliance, git, restart)
    assert well(appliance)
    assert wait_until(lambda: session.ask("api")[0] == 424, SOON_S)
    assert "RB1210 session ended" in appliance.journal()[said:], appliance.journal()[said:]
    assert launch(appliance.portal, git.url("stub"))["phase"] == "ready"
