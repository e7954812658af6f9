"""The event stream on the wire: its frames, who comes late, is slow, or loses the connection (contract 2, decisions 31)."""
import contextlib
import http.client
import json
import re
import socket
import threading
import time
import urllib.parse

import pytest
from e2e_fixtures import STUB
from ringbinder import engine
from ringbinder.appliance import pss_kib
from ringbinder.gateway import cpu_s
from ringbinder.launch import Stream, launch, spec

FRAME = re.compile(r"id: ([0-9a-f]{32})-(\d+)\ndata: (\{.*\})\n\n")
LOST = (OSError, http.client.HTTPException)


def printing(lines, sleep="0"):
    """A step that the engine has not seen before: prints, waits between the lines."""
    return (f"RUN for i in $(seq {lines}); do echo line $i of {time.time_ns()}; sleep {sleep}; done\n")


def dockerfile(steps):
    """The steps run in the base; the image is the stub, so that it answers at once."""
    return f"FROM ringbinder/debian:1 AS made\nUSER root\n{steps}RUN touch /made\n{STUB}COPY --from=made /made /made\n"


def build_path(server, name, ref="HEAD"):
    return f"/build/git/{spec(server.url(name), ref)}"


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


def follow(portal, path, on_event=None, limit_s=120):
    """A client as it should be: goes on with the last event's id whenever it is cut off. Events up to the last one."""
    events, last_id, deadline = [], None, time.monotonic() + limit_s
    while time.monotonic() < deadline:
        with contextlib.suppress(*LOST):
            stream = Stream(portal, path, timeout=30, last_id=last_id)
            try:
                assert stream.answer.status == 200, stream.answer.status
                for event in stream:
                    events.append(event)
                    last_id = stream.last_id
                    drop = on_event and on_event(event) == "drop"
                    if event.get("phase") in ("ready", "failed"):
                        return events
                    if drop:
                        break
            finally:
                last_id = stream.last_id or last_id
                stream.close()
        time.sleep(0.05)
    raise AssertionError(f"no last event within {limit_s} s; {events[-3:]}")


@pytest.fixture(scope="module")
def stub(appliance, server):
    repository = server.repository("stream", {"Dockerfile": STUB})
    launch(appliance.portal, server.url("stream"))
    return repository


def test_every_event_is_framed_by_the_letter_and_has_an_id(appliance, server, stub):
    head, body = raw(appliance.portal, build_path(server, "stream"))
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
    first, second = (FRAME.search(raw(appliance.portal, build_path(server, "stream"))[1].decode())[1] for _ in (0, 1))
    assert first != second


def test_who_comes_back_goes_on_in_the_same_launch(appliance, server, stub):
    path = build_path(server, "stream")
    whole = FRAME.findall(b"".join(chunks_of(raw(appliance.portal, path)[1])).decode())
    for seen in range(len(whole) - 1):
        stream, number, _ = whole[seen]
        rest = FRAME.findall(b"".join(chunks_of(raw(appliance.portal, path, f"Last-Event-ID: {stream}-{number}")[1])).decode())
        assert rest == whole[seen + 1:], f"after event {seen}"


def test_behind_the_last_event_there_is_204_and_no_other_server(appliance, server, stub):
    path = build_path(server, "stream")
    stream, number, _ = FRAME.findall(b"".join(chunks_of(raw(appliance.portal, path)[1])).decode())[-1]
    before = len(engine.of_instance("containers", appliance.instance()))
    head, body = raw(appliance.portal, path, f"Last-Event-ID: {stream}-{number}")
    assert head.startswith("HTTP/1.1 204 ") and body == b""
    assert len(engine.of_instance("containers", appliance.instance())) == before


@pytest.mark.parametrize("last_id", ["", "0", "x" * 500, f"{'0' * 32}-1", f"{'0' * 32}-99999999999999999999", "é-1"])
def test_an_id_that_nobody_gave_is_a_new_launch(appliance, server, stub, last_id):
    head, body = raw(appliance.portal, build_path(server, "stream"), f"Last-Event-ID: {last_id}")
    assert head.startswith("HTTP/1.1 200 ") and b'"phase":"ready"' in body


def test_keepalives_hold_a_proxy_open(own_appliance, server):
    """F26: what is in front cuts a stream that is silent. And when it is over, it is kept as long as is set."""
    one = own_appliance(keepalive="200ms", resume_keep="500ms")
    server.repository("silent", {"Dockerfile": dockerfile(printing(1, sleep=3))})
    path = build_path(server, "silent")
    with Proxy(one.portal, idle_s=1) as proxy:
        stream = Stream(proxy.url, path, timeout=60)
        events = []
        for event in stream:
            events.append(event)
            if event["phase"] in ("ready", "failed"):
                break
            before_last = stream.last_id
        stream.close()
    assert events[-1]["phase"] == "ready", "the proxy did not cut it"
    assert proxy.cut == 0 and stream.keepalives > 10
    again = Stream(one.portal, path, last_id=before_last)
    assert [e["phase"] for e in again] == ["ready"], "it is kept"
    again.close()
    time.sleep(1.5)  # linger is a second, and then it is kept for half of one
    new = list(Stream(one.portal, path, last_id=before_last))
    assert new[0]["message"].startswith("Found built image"), "and then it is a launch like any other"


class Proxy:
    """Passes bytes on, and cuts a connection that has been silent for `idle_s`."""

    def __init__(self, target, idle_s):
        where = urllib.parse.urlsplit(target)
        self.target, self.idle_s, self.cut = (where.hostname, where.port), idle_s, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client = self.listener.accept()[0]
                server = socket.create_connection(self.target)
                threading.Thread(target=self._pass, args=(client, server, False), daemon=True).start()
                threading.Thread(target=self._pass, args=(server, client, True), daemon=True).start()

    def _pass(self, source, sink, cuts):
        source.settimeout(self.idle_s if cuts else None)
        try:
            while part := source.recv(65536):
                sink.sendall(part)
        except TimeoutError:
            self.cut += 1
        except OSError:
            pass
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()


def test_a_storm_of_reconnects_attaches_and_never_builds_or_starts_twice(appliance, server):
    """F25: EventSources that come back again and again, beside one that stays."""
    repository = server.repository("storm", {"Dockerfile": dockerfile(printing(60, sleep=0.05))})
    path, results = build_path(server, "storm"), {}

    def stormy(n):
        count = iter(range(10000))
        results[n] = follow(appliance.portal, path, lambda e: "drop" if next(count) % 3 == 2 else None)

    threads = [threading.Thread(target=stormy, args=(n,)) for n in range(8)]
    threads.append(threading.Thread(target=lambda: results.update(stays=follow(appliance.portal, path))))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    logs = {n: [e for e in events if e.get("phase") in ("fetching", "building")] for n, events in results.items()}
    assert sum("line 60 of" in e["message"] for e in logs["stays"]) >= 1
    assert all(log == logs["stays"] for log in logs.values()), "nothing is lost, nothing comes twice, one build for all"
    assert all(events[-1]["phase"] == "ready" for events in results.values())
    assert len({events[-1]["url"] for events in results.values()}) == 9, "a server for each who asked, and no more"
    running = [c for c in engine.of_instance("containers", appliance.instance()) if repository.head in c["Image"]]
    assert len(running) == 9


def test_a_killed_daemon_is_not_even_seen(appliance, server):
    server.repository("killed", {"Dockerfile": dockerfile(printing(40, sleep=0.1))})
    killed = []

    def kill(event):
        if "line 5 of" in event.get("message", "") and "RUN" not in event["message"] and not killed:
            killed.append(appliance.kill_daemon())

    events = follow(appliance.portal, build_path(server, "killed"), kill)
    appliance.wait_for_daemon(other_than=killed[0])
    messages = [e["message"] for e in events]
    assert events[-1]["phase"] == "ready"
    assert messages.count("Waiting for build to start...\n") == 1
    assert sum("this build begins again" in m for m in messages) == 1
    assert [e["phase"] for e in events if e["phase"] == "failed"] == []


def test_ready_is_told_again_after_the_daemon_died(appliance, server, stub):
    path = build_path(server, "stream")
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
    """F20: the daemon's processor below 20 % of a core, its memory flat; who is slow costs what a stream may hold."""
    step = f"RUN for i in $(seq 50); do seq -f '%090.0f' {time.time_ns()} $(({time.time_ns()} + 99)); sleep 0.1; done\n"
    server.repository("crowd", {"Dockerfile": dockerfile(step + "RUN exit 37\n")})  # two hundred servers are no use
    pid = appliance.pid_of("ringbinderd")
    where = urllib.parse.urlsplit(appliance.portal)
    request = (f"GET {build_path(server, 'crowd')} HTTP/1.1\r\nHost: {where.netloc}\r\nAccept: text/event-stream\r\n\r\n")
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
    logs = {bytes(re.sub(rb"id: .*\n|\r\n[0-9a-f]+\r\n", b"", part.partition(b"\r\n\r\n")[2])).count(b'"phase":"building"')
            for part in got[:150]}
    assert len(logs) == 1, f"each who keeps up has every line: {logs}"
    assert cpu / took < 0.2, f"{cpu:.2f} s of processor in {took:.1f} s"
    assert grown < 200 * 100, f"{grown} KiB for 200 streams, 50 of which are full"


def test_a_million_lines_cost_nothing_but_disk(appliance, server):
    """Cut by the engine at 1 MiB a step; what our own log does with more is in tests/unit/test-build-log.c."""
    pid = appliance.pid_of("ringbinderd")
    server.repository("million", {"Dockerfile": dockerfile(f"RUN seq -f 'line %.0f {time.time_ns()}' 1000000\n")})
    before = pss_kib(pid)
    events = follow(appliance.portal, build_path(server, "million"))
    assert events[-1]["phase"] == "ready"
    assert sum(e["phase"] == "building" for e in events) > 1000
    assert pss_kib(pid) - before < 20000
