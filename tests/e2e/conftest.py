"""One appliance and one git server for most tests; what they leave behind is looked for once, at the end."""
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from ringbinder import engine  # noqa: E402
from ringbinder.appliance import SHORT_DELAYS, Appliance  # noqa: E402
from ringbinder.repository import GitServer  # noqa: E402

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
def shared_folder(tmp_path_factory):
    """Where other users may enter: pytest's own folders are closed to them."""
    folder = tmp_path_factory.mktemp("appliances")
    for path in (folder, *folder.parents):
        if path == Path("/tmp") or path == Path("/"):
            break
        path.chmod(0o755)
    return folder


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


def pytest_configure(config):
    os.environ.setdefault("PYTHONDONTWRITEBYTECODE", "1")
