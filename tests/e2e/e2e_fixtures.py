"""Fixtures of every test that runs an appliance: what one leaves behind is looked for once, at its end."""
import os
import tempfile
from pathlib import Path

import pytest
from ringbinder import engine
from ringbinder.appliance import SHORT_DELAYS, Appliance
from ringbinder.repository import GitServer

# A repository whose image is there at once and whose container answers at once: our stand-in for a Jupyter server.
STUB = "FROM ringbinder/stub:1\nLABEL test=yes\n"


def nothing_left(instance):
    """Containers and networks of an instance; images are kept for the next launch and removed here."""
    left = [c["Names"][0] for c in engine.of_instance("containers", instance)]
    left += [n["Name"] for n in engine.of_instance("networks", instance)]
    engine.remove_images(instance)
    return left


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    with GitServer(tmp_path_factory.mktemp("git")) as running:
        yield running


@pytest.fixture(scope="session")
def shared_folder():
    """Where other users may enter: pytest closes its own folders to them."""
    with tempfile.TemporaryDirectory(prefix="ringbinder-test-") as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


@pytest.fixture(scope="session")
def appliance(shared_folder):
    with Appliance(shared_folder / "shared", **SHORT_DELAYS) as running:
        yield running
        instance = running.instance()
    assert nothing_left(instance) == []


@pytest.fixture(scope="session")
def hello(server):
    """examples/hello, as a newcomer launches it."""
    return server.example("hello")


@pytest.fixture
def own_appliance(shared_folder, request):
    """own_appliance(key=value, ...) starts one with settings of its own."""
    started = []

    def start(**settings):
        one = Appliance(shared_folder / f"{request.node.name[:40]}-{len(started)}", **{**SHORT_DELAYS, **settings})
        started.append(one)
        return one.start()

    yield start
    for one in started:
        one.stop()
        assert nothing_left(one.instance()) == []
