"""Fixtures of every test that runs an appliance: what one leaves behind is looked for once, at its end."""
import os
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from ringbinder import engine
from ringbinder.appliance import SHORT_DELAYS, Appliance
from ringbinder.fetch import Fetch
from ringbinder.repository import GitServer

# A repository whose image is there at once and whose container answers at once: our stand-in for a Jupyter server.
STUB = "FROM ringbinder/stub:1\nLABEL test=yes\n"


def printing(lines, sleep="0"):
    """A step that the engine has not seen before: prints, waits between the lines."""
    return (f"RUN for i in $(seq {lines}); do echo line $i of {time.time_ns()}; sleep {sleep}; done\n")


def built_by(steps):
    """The steps run in the base; the image is the stub, so that it answers at once."""
    return f"FROM ringbinder/debian:1 AS made\nUSER root\n{steps}RUN touch /made\n{STUB}COPY --from=made /made /made\n"


def nothing_left(instance):
    """Containers, networks and nftables tables of an instance; images are kept for the next launch and removed here."""
    left = [c["Names"][0] for c in engine.of_instance("containers", instance)]
    left += [n["Name"] for n in engine.of_instance("networks", instance)]
    tables = subprocess.run(["nft", "list", "tables"], capture_output=True, text=True, check=True).stdout
    left += [line for line in tables.splitlines() if line.endswith(f"ringbinder_{instance}")]
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
def appliance(shared_folder, server):
    with Appliance(shared_folder / "shared", [server.port], **SHORT_DELAYS) as running:
        yield running
        instance = running.instance()
    left = nothing_left(instance)
    assert left == [], left


@pytest.fixture(scope="session")
def hello(server):
    """examples/hello, as a newcomer launches it."""
    return server.example("hello")


@pytest.fixture
def own_appliance(shared_folder, server, request):
    """own_appliance(key=value, ...) starts one with settings of its own; it fetches from `server` and fetch_ports."""
    started = []

    def start(fetch_ports=(), **settings):
        one = Appliance(shared_folder / f"{request.node.name[:24]}-{len(started)}", [server.port, *fetch_ports],
                        **{**SHORT_DELAYS, **settings})
        started.append(one)
        return one.start()

    yield start
    for one in started:
        one.stop()
        left = nothing_left(one.instance())
        assert left == [], left


@pytest.fixture
def start(tmp_path):
    """start(...) gives a Fetch; each one's folder has to be empty when it has ended."""
    started = []

    def one(**more):
        started.append(Fetch(tmp_path / f"fetch-{len(started)}", **more))
        return started[-1]

    yield one
    for fetched in started:
        with fetched:
            pass
        assert fetched.errors == "", "nothing is said beside the protocol, not by a sanitizer either"
        assert os.listdir(fetched.folder) == [], "the private folder is still there"
