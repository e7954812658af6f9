"""Who is let in: memory is promised to as many sessions as the machine has it for, and /health says how many."""
import json
import re
import subprocess
import threading
import time
import urllib.request
from pathlib import Path

import pytest
from e2e_fixtures import STUB, built_by
from ringbinder.appliance import BUILD
from ringbinder.launch import LaunchFailed, events_of, launch, spec
from ringbinder.notebook import Session

FULL = {"phase": "failed", "message": "Too many users on this BinderHub! Try again soon.\n"}


def room_for(sessions):
    """Settings with which this machine has room for so many and a half."""
    total = int(re.search(r"^MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text(), re.M)[1]) * 1024
    reserve = 1 << 30
    each = int((total - reserve) / (sessions + 0.5))
    return {"mem_reserve": reserve, "mem_reserve_percent": 0, "mem_guarantee": each, "mem_limit": each,
            "build_memory_limit": "64M"}


def quota(one):
    with urllib.request.urlopen(f"{one.portal}/health", timeout=20) as answer:
        checks = json.load(answer)["checks"]
    return next(check for check in checks if check["service"] == "Pod quota")


def wait_for_places(one, places, limit_s=20):
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        seen = quota(one)
        if seen["quota"] - seen["total_pods"] == places:
            return seen
        time.sleep(0.1)
    return pytest.fail(f"there are not {places} places: {seen}")


def test_the_third_is_refused_until_one_of_two_has_ended(own_appliance, server):
    repository = server.repository("full", {"Dockerfile": STUB})
    one = own_appliance(**room_for(2), sweep="300ms")
    assert quota(one)["quota"] == 2 and quota(one)["total_pods"] == 0
    first, _ = (launch(one.portal, server.url("full")) for _ in range(2))
    assert quota(one)["quota"] == 2 and quota(one)["user_pods"] == 2

    begin = time.monotonic()
    told = events_of(one.portal, f"/build/git/{spec(server.url('full'), repository.head)}")
    assert told[-1] == FULL and time.monotonic() - begin < 10
    assert [event["phase"] for event in told] == ["built", "failed"], "there is an image, and no room"
    assert "RB1650" in one.journal()

    Session(first).ask("api/shutdown", "POST")
    wait_for_places(one, 1)
    launch(one.portal, server.url("full"))
    assert quota(one)["quota"] == quota(one)["total_pods"]


def test_nothing_is_built_for_whom_there_is_no_room(own_appliance, server):
    server.repository("full-new", {"Dockerfile": STUB})
    one = own_appliance(**room_for(0))
    with pytest.raises(LaunchFailed) as refused:
        launch(one.portal, server.url("full-new"))
    assert refused.value.args[1] == [FULL]


def test_a_running_build_takes_its_memory(own_appliance, server):
    server.repository("building", {"Dockerfile": built_by(f"RUN sleep 3; echo {time.time_ns()}\n")})
    one = own_appliance(**{**room_for(10), "build_memory_limit": room_for(10)["mem_guarantee"] * 4})
    building = threading.Thread(target=launch, args=(one.portal, server.url("building")))
    building.start()
    seen = wait_for_places(one, 6)
    assert seen["build_pods"] == 1 and seen["quota"] == 7
    building.join()
    assert quota(one)["user_pods"] == 1 and quota(one)["quota"] == 10


def test_as_many_as_allowed_start_at_a_time_and_the_rest_knows_its_place(own_appliance, server):
    server.repository("line", {"Dockerfile": STUB + "ENV STUB_DELAY_MS=1500\n"})
    one = own_appliance(concurrent_start_limit=1)
    launch(one.portal, server.url("line"))
    told = []
    threads = [threading.Thread(target=lambda: told.append(launch(one.portal, server.url("line"))["events"]))
               for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = sorted([event["message"] for event in events if "start slot" in event["message"]] for events in told)
    position = "Waiting for a start slot, position {}\n".format
    assert lines[0] == []
    assert [position(1)] in lines
    assert any(line[-2:] == [position(2), position(1)] for line in lines)


def test_more_memory_kept_than_allowed_is_refused_with_its_line(tmp_path):
    config = tmp_path / "ringbinder.conf"
    config.write_text("# sessions\nmem_limit = 256M\n\nmem_guarantee = 300M\n")
    told = subprocess.run([BUILD / "ringbinder", "check-config", config], capture_output=True, text=True,
                          check=False)
    assert told.returncode == 1 and "ringbinder.conf:4" in told.stdout + told.stderr
    assert "larger than mem_limit" in told.stdout + told.stderr
