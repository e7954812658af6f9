"""Those who watch a build: ones that come back again and again, and what stands in front of us."""
import contextlib
import socket
import threading
import urllib.parse

import pytest
from e2e_fixtures import built_by, printing
from oracles import Faults
from ringbinder import engine
from ringbinder.launch import Stream, build_path, follow


@pytest.fixture(scope="module")
def faults(shared_folder, server):
    with Faults(shared_folder / "watchers", server, keepalive="1s") as running:
        yield running
        running.nothing_left()


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


def test_keepalives_hold_a_proxy_open(faults, server):
    """F26: a proxy in front cuts what is silent | a proxy cuts at 2 s, a build says nothing for 5 s, keepalive 1 s |
    the stream reaches `ready` on one connection"""
    server.repository("silent", {"Dockerfile": built_by(printing(1, sleep=5))})
    with Proxy(faults.appliance.portal, idle_s=2) as proxy:
        stream = Stream(proxy.url, build_path(server.url("silent")), timeout=60)
        phases = []
        while not phases or phases[-1] not in ("ready", "failed"):
            phases.append(next(iter(stream))["phase"])
        stream.close()
    assert phases[-1] == "ready" and proxy.cut == 0 and stream.keepalives >= 4
    faults.others_are_well()


def test_a_storm_of_reconnects_never_builds_or_starts_twice(faults, server):
    """F25: clients that come back again and again | four drop after every third event, one stays | each has every line
    once; one build, a server for each who asked and no more"""
    repository = server.repository("storm", {"Dockerfile": built_by(printing(60, sleep=0.05))})
    path, results = build_path(server.url("storm")), {}

    def stormy(n):
        count = iter(range(10000))
        results[n] = follow(faults.appliance.portal, path, lambda e: "drop" if next(count) % 3 == 2 else None)

    threads = [threading.Thread(target=stormy, args=(n,)) for n in range(4)]
    threads.append(threading.Thread(target=lambda: results.update(stays=follow(faults.appliance.portal, path))))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    logs = {n: [e for e in events if e.get("phase") in ("fetching", "building")] for n, events in results.items()}
    assert sum("line 60 of" in e["message"] for e in logs["stays"]) >= 1
    assert all(log == logs["stays"] for log in logs.values()), "nothing is lost, nothing comes twice, one build for all"
    assert all(events[-1]["phase"] == "ready" for events in results.values())
    assert len({events[-1]["url"] for events in results.values()}) == 5, "a server for each who asked, and no more"
    running = engine.of_instance("containers", faults.appliance.instance())
    assert sum(repository.head in container["Image"] for container in running) == 5
    faults.others_are_well()
    faults.end_sessions()
