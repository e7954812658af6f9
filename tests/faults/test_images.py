"""Faults of images: what a stranger's Dockerfile writes into an image's configuration reaches every listing."""
import uuid

import pytest
from oracles import Faults
from e2e_fixtures import STUB
from ringbinder import engine


@pytest.fixture(scope="module")
def faults(shared_folder, server):
    with Faults(shared_folder / "images", server, sweep="500ms", engine_ask_again="200ms") as running:
        yield running
        running.nothing_left()


@pytest.mark.parametrize("name, lines", [
    pytest.param("nul", 'LABEL nul="a\0b" x\0y=z\n', id="nul"),
    pytest.param("bytes", b'LABEL bytes="\xff\xfe\xc3(\x1b[2J" \xff=x\n'.decode("latin-1"), id="bytes"),
    pytest.param("ours", 'LABEL io.ringbinder.instance=00000000 io.ringbinder.container=0 io.ringbinder.session=0 '
             'io.ringbinder.lane=layers io.ringbinder.generation=99 io.ringbinder.settings=0\n', id="ours"),
    pytest.param("much", "".join(f'LABEL much{n}="{"x" * 4000}"\n' for n in range(8)), id="much"),
])
def test_labels_that_listings_choke_on(faults, server, name, lines):
    """An image's labels hold NUL, bytes that are no UTF-8, our own labels' names, or 32 kB | `LABEL` and `ENV` in a
    Dockerfile, launched six times | each is a session like others; listings go on: the next launch of somebody else
    is ready, and what is removed by hand is noticed"""
    name = f"labels-{name}-{uuid.uuid4().hex[:8]}"
    server.repository(name, {"Dockerfile": (STUB + lines).encode("latin-1")})
    for _ in range(6):
        faults.ready(server.url(name))
    faults.others_are_well()
    other = f"other-{uuid.uuid4().hex[:8]}"
    server.repository(other, {"Dockerfile": STUB})
    assert faults.ready(server.url(other))["url"]
    faults.swept()
    faults.others_are_well()
    faults.end_sessions()
    assert "RB1204" not in faults.appliance.journal() and "RB1005" not in faults.appliance.journal()


@pytest.mark.parametrize("name, lines", [
    pytest.param("labels", "".join(f'LABEL much{n}="{"x" * 4000}"\n' for n in range(9)), id="labels"),
    pytest.param("escapes", f'LABEL much="{"<" * 6000}"\n', id="escapes"),
    pytest.param("ports", "EXPOSE 1-65535\n", id="ports"),
    pytest.param("volumes", "".join(f"VOLUME /v{n}\n" for n in range(70)), id="volumes"),
])
def test_descriptions_that_listings_would_repeat_are_refused(faults, server, name, lines):
    """An image's description has labels of 36 kB, labels that the engine writes six times as long, 65,535 ports, or 70
    volumes | each in a Dockerfile | its launch fails with a sentence; no image of it is left; the bystander's session
    goes on"""
    name = f"listed-{name}-{uuid.uuid4().hex[:8]}"
    server.repository(name, {"Dockerfile": STUB + lines})
    before = {one["Id"] for one in engine.of_instance("images", faults.appliance.instance())}
    assert "KiB" in faults.fails(server.url(name), "1516").message
    assert {one["Id"] for one in engine.of_instance("images", faults.appliance.instance())} <= before
