"""The event stream on the wire: its frames, and who comes back to it (contract 2, decisions 31)."""
import contextlib
import json
import re
import socket
import time
import urllib.parse

import pytest
from e2e_fixtures import STUB, built_by, printing
from ringbinder import engine
from ringbinder.appliance import pss_kib
from ringbinder.gateway import cpu_s
from ringbinder.launch import Stream, build_path, follow, launch

FRAME = re.compile(r"id: ([0-9a-f]{32})-(\d+)\ndata: (\{.*\})\n\n")


def raw(portal, path, *fields):
    """The whole answer as bytes, until the server closes."""
    where = urllib.parse.urlsplit(portal)
    with socket.create_connection((where.hostname, where.port), timeout=60) as s:
        lines = [f"GET {path} HTTP/1.1", f"Host: {where.netloc}", "Accept: text/event-stream", "Connection: close",
                 *fields]
        s.sendall("\r\n".join(lines).encode() + b"\r\n\r\n")
        got = b""
        while part := s.recv(65536):
            got += part
    head, body = got.split(b"\r\n\r\n", 1)
    return head.decode("ascii"), body


def chunks_of(body):
    chunks = []
    while True:
        size, body = body.split(b"\r\n", 1)
        if int(size, 16) == 0:
            return chunks
        chunks.append(body[:int(size, 16)])
        body = body[int(size, 16) + 2:]


@pytest.fixture(scope="module")
def stub(appliance, server):
    repository = server.repository("stream", {"Dockerfile": STUB})
    launch(appliance.portal, server.url("stream"))
    return repository


def test_every_event_is_framed_by_the_letter_and_has_an_id(appliance, server, stub):
    head, body = raw(appliance.portal, build_path(server.url("stream")))
    assert head.startswith("HTTP/1.1 200 ")
    fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:])
    assert fields["content-type"] == "text/event-stream" and fields["cache-control"] == "no-cache"
    assert fields["transfer-encoding"] == "chunked" and "content-length" not in fields
    chunks = chunks_of(body)
    text = b"".join(chunks).decode("ascii")
    frames = FRAME.findall(text)
    assert "".join(f"id: {a}-{n}\ndata: {d}\n\n" for a, n, d in frames) == text, "nothing but events"
    assert len({stream for stream, _, _ in frames}) == 1
    numbers = [int(n) for _, n, _ in frames]
    assert numbers == sorted(set(numbers))
    assert json.loads(frames[-1][2])["phase"] == "ready"
    assert len(chunks) > 1, "what is there is sent, it does not wait for what comes"


def test_two_launches_have_ids_of_their_own(appliance, server, stub):
    path = build_path(server.url("stream"))
    first, second = (FRAME.search(raw(appliance.portal, path)[1].decode())[1] for _ in (0, 1))
    assert first != second


def test_who_comes_back_goes_on_in_the_same_launch(appliance, server, stub):
    path = build_path(server.url("stream"))
    whole = FRAME.findall(b"".join(chunks_of(raw(appliance.portal, path)[1])).decode())
    for seen in range(len(whole) - 1):
        stream, number, _ = whole[seen]
        _, rest = raw(appliance.portal, path, f"Last-Event-ID: {stream}-{number}")
        assert FRAME.findall(b"".join(chunks_of(rest)).decode()) == whole[seen + 1:], f"after event {seen}"


def test_behind_the_last_event_there_is_204_and_no_other_server(appliance, server, stub):
    path = build_path(server.url("stream"))
    stream, number, _ = FRAME.findall(b"".join(chunks_of(raw(appliance.portal, path)[1])).decode())[-1]
    before = len(engine.of_instance("containers", appliance.instance()))
    head, body = raw(appliance.portal, path, f"Last-Event-ID: {stream}-{number}")
    assert head.startswith("HTTP/1.1 204 ") and body == b""
    assert len(engine.of_instance("containers", appliance.instance())) == before


@pytest.mark.parametrize("last_id", ["", "0", "x" * 500, f"{'0' * 32}-1", f"{'0' * 32}-99999999999999999999", "é-1"])
def test_an_id_that_nobody_gave_is_a_new_launch(appliance, server, stub, last_id):
    head, body = raw(appliance.portal, build_path(server.url("stream")), f"Last-Event-ID: {last_id}")
    assert head.startswith("HTTP/1.1 200 ") and b'"phase":"ready"' in body


def test_an_ended_launch_is_kept_as_long_as_is_set(own_appliance, server, stub):
    one = own_appliance(resume_keep="500ms")
    path = build_path(server.url("stream"))
    list(Stream(one.portal, path))
    stream, ids = Stream(one.portal, path), []
    whole = [(event, ids.append(stream.last_id))[0] for event in stream]
    assert list(Stream(one.portal, path, last_id=ids[-2])) == whole[-1:], "it is kept"
    time.sleep(1)
    new = list(Stream(one.portal, path, last_id=ids[-2]))
    assert len(new) == len(whole) and new[-1]["url"] != whole[-1]["url"], "and then it is a launch like any other"


def test_a_killed_daemon_is_not_even_seen(appliance, server):
    server.repository("killed", {"Dockerfile": built_by(printing(40, sleep=0.1))})
    killed = []

    def kill(event):
        if "line 5 of" in event.get("message", "") and "RUN" not in event["message"] and not killed:
            killed.append(appliance.kill_daemon())

    events = follow(appliance.portal, build_path(server.url("killed")), kill)
    appliance.wait_for_daemon(other_than=killed[0])
    messages = [e["message"] for e in events]
    assert events[-1]["phase"] == "ready"
    assert messages.count("Waiting for build to start...\n") == 1
    assert sum("this build begins again" in m for m in messages) == 1
    assert [e["phase"] for e in events if e["phase"] == "failed"] == []


def test_ready_is_told_again_after_the_daemon_died(appliance, server, stub):
    path = build_path(server.url("stream"))
    stream = Stream(appliance.portal, path)
    events, ids = [], []
    for event in stream:
        events.append(event)
        ids.append(stream.last_id)
    stream.close()
    appliance.wait_for_daemon(other_than=appliance.kill_daemon())
    before = len(engine.of_instance("containers", appliance.instance()))
    again = list(Stream(appliance.portal, path, last_id=ids[-2]))
    assert again[-1] == events[-1], "the same server, the same token"
    assert len(engine.of_instance("containers", appliance.instance())) == before


def test_two_hundred_watchers_of_one_build_of_whom_fifty_are_slow(appliance, server):
    """F20: a hundred and fifty read, fifty take 20 bytes a second. Not among the faults, which look at descriptors:
    after so many at once connections to the engine and to the daemon are kept for a while."""
    first = time.time_ns()
    step = f"RUN for i in $(seq 50); do seq -f '%090.0f' {first} $(({first} + 99)); sleep 0.1; done\n"
    server.repository("crowd", {"Dockerfile": built_by(step + "RUN exit 37\n")})  # two hundred servers are no use
    pid = appliance.pid_of("ringbinderd")
    where = urllib.parse.urlsplit(appliance.portal)
    request = (f"GET {build_path(server.url('crowd'))} HTTP/1.1\r\nHost: {where.netloc}\r\n"
               "Accept: text/event-stream\r\n\r\n")
    watchers = [socket.create_connection((where.hostname, where.port)) for _ in range(200)]
    got = [bytearray() for _ in watchers]
    began, before = time.monotonic(), (cpu_s(pid), pss_kib(pid))
    for n, watcher in enumerate(watchers):
        if n >= 150:
            watcher.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        watcher.sendall(request.encode())
        watcher.setblocking(False)
    while not all(b"\"failed\"" in part[-2000:] for part in got[:150]):
        assert time.monotonic() - began < 120
        for n, watcher in enumerate(watchers):
            with contextlib.suppress(BlockingIOError):
                got[n] += watcher.recv(1 if n >= 150 else 1 << 20)
        time.sleep(0.05)
    took = time.monotonic() - began
    cpu, grown = cpu_s(pid) - before[0], pss_kib(pid) - before[1]
    for watcher in watchers:
        watcher.close()
    logs = {sum(b'"phase":"building"' in chunk for chunk in part.split(b"data: ")) for part in got[:150]}
    assert len(logs) == 1, f"each who keeps up has every line: {logs}"
    assert cpu / took < 0.2, f"{cpu:.2f} s of processor in {took:.1f} s"
    assert grown < 200 * 100, f"{grown} KiB for 200 streams, 50 of which are full"
    assert "RB1510" in appliance.journal()


def test_a_million_lines_cost_nothing_but_disk(appliance, server):
    """Cut by the engine at 1 MiB a step; what our own log does with more is in tests/unit/test-build-log.c."""
    pid = appliance.pid_of("ringbinderd")
    server.repository("million", {"Dockerfile": built_by(f"RUN seq -f 'line %.0f {time.time_ns()}' 1000000\n")})
    before = pss_kib(pid)
    events = follow(appliance.portal, build_path(server.url("million")))
    assert events[-1]["phase"] == "ready"
    assert sum(e["phase"] == "building" for e in events) > 1000
    assert pss_kib(pid) - before < 20000
