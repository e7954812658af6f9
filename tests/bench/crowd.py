"""Many connections that do little: what they take of the gateway, and what they take from those who work."""
import os
import resource
import socket
import statistics
import struct
import time
from contextlib import ExitStack

from proxies import (ON_PROXY_CPU, PATH, PROXY, PROXY_CPU, compiled, free_port, gateway, haproxy, nginx, process,
                     wait_for)
from ringbinder.appliance import pss_kib

WEBSOCKETS = 1000
SLOW = 10_000
TRIPS = 2000
HANDSHAKE = (f"GET {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
             "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n").encode()
PAYLOAD = b"x" * 200
FRAME = b"\x81\xfe" + struct.pack(">H", len(PAYLOAD)) + bytes(4) + PAYLOAD  # text, masked with zeros


def exactly(connection, count):
    got = b""
    while len(got) < count:
        part = connection.recv(count - len(got))
        if not part:
            raise RuntimeError(f"the connection ended after {got!r}")
        got += part
    return got


def round_trip(connection):
    connection.sendall(FRAME)
    exactly(connection, len(FRAME))


def websocket(port, source="127.0.0.1"):
    """A WebSocket through a proxy that has made one round trip."""
    connection = socket.create_connection(("127.0.0.1", port), source_address=(source, 0))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.sendall(HANDSHAKE)
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += exactly(connection, 1)
    if not head.startswith(b"HTTP/1.1 101 "):
        raise RuntimeError(f"no upgrade: {head!r}")
    round_trip(connection)
    return connection


def somebody(number):
    """Loopback's addresses are many: each client has its own, as limits for one client are on."""
    return f"127.{1 + number // 62500}.{number // 250 % 250}.{1 + number % 250}"


def memory_of(pid, port, count):
    """KiB that the proxy has more, for each of so many idle WebSockets."""
    before = pss_kib(pid)
    held = [websocket(port, somebody(n)) for n in range(count)]
    time.sleep(1)
    growth = pss_kib(pid) - before
    for connection in held:
        connection.close()
    return growth / count


def websocket_memory(folder, quick=False):
    """Memory of the process for each of 1,000 WebSockets that have made a round trip and are silent."""
    program = compiled(folder, "websocket")
    count = 100 if quick else WEBSOCKETS
    with ExitStack() as stack:
        behind, peers = free_port(), {"haproxy": free_port(), "nginx": free_port()}
        stack.enter_context(process([program, "serve", behind]))
        wait_for(behind)
        ours = stack.enter_context(gateway(folder / "gateway", behind))
        pids = {"ours": (ours.process.pid, ours.sessions),
                "haproxy": (stack.enter_context(haproxy(folder / "haproxy", peers["haproxy"], behind)).pid,
                            peers["haproxy"]),
                "nginx": (stack.enter_context(nginx(folder / "nginx", PROXY.format(port=peers["nginx"], behind=behind),
                                                    ON_PROXY_CPU)).pid, peers["nginx"])}
        for port in peers.values():
            wait_for(port)
        for _, port in pids.values():
            websocket(port).close()
        sizes = {name: memory_of(pid, port, count) for name, (pid, port) in pids.items()}
    return {"ours": sizes["ours"], "peer": sizes["haproxy"], "value": sizes["ours"], "bar": 2,
            "unit": "KiB/WebSocket", "note": f"peer is haproxy; nginx {sizes['nginx']:.1f}"}


class Slow:
    """A client that opens a connection and owes the rest: nothing, half a head, or half a body; a byte now and then."""

    BEGINNINGS = (b"", b"GET /user/bench/api HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ",
                  b"POST /user/bench/api HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\n")

    def __init__(self, port, number):
        self.port, self.number = port, number
        self.connect()

    def connect(self):
        self.connection = socket.create_connection(("127.0.0.1", self.port), source_address=(somebody(self.number), 0))
        self.connection.setblocking(False)
        self.connection.sendall(self.BEGINNINGS[self.number % len(self.BEGINNINGS)])

    def drip(self):
        """Another byte; who has been closed comes back."""
        try:
            if self.number % len(self.BEGINNINGS):
                self.connection.send(b"x")
            if self.connection.recv(4096) != b"":
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        self.connection.close()
        self.connect()


def trips_us(connection, slow):
    """Microseconds of each of so many round trips of a session; between them the slow ones drip in turn."""
    times = []
    for n in range(TRIPS):
        if slow:
            slow[n * 7 % len(slow)].drip()
            time.sleep(0.001)
        else:
            time.sleep(0.001)
        begin = time.perf_counter()
        round_trip(connection)
        times.append((time.perf_counter() - begin) * 1e6)
    return times


def slow_clients(folder, quick=False):
    """A session's round trip beside 10,000 connections that are slow or say nothing, against without them."""
    program = compiled(folder, "websocket")
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    count = 500 if quick else min(SLOW, files - 1000)
    with ExitStack() as stack:
        behind = free_port()
        stack.enter_context(process([program, "serve", behind]))
        wait_for(behind)
        ours = stack.enter_context(gateway(folder / "gateway", behind, CONNECTIONS_MAX=2 * count))
        os.sched_setaffinity(0, set(range(os.cpu_count())) - {PROXY_CPU} or {PROXY_CPU})
        session = websocket(ours.sessions)
        trips_us(session, None)
        alone, beside, held = [], [], 0
        for _ in range(2 if quick else 5):
            alone.append(statistics.median(trips_us(session, None)))
            slow = [Slow(ours.sessions, n) for n in range(count)]
            beside.append(statistics.median(trips_us(session, slow)))
            held = len(os.listdir(f"/proc/{ours.process.pid}/fd"))
            for one in slow:
                one.connection.close()
            time.sleep(0.5)
        os.sched_setaffinity(0, range(os.cpu_count()))
    return {"ours": statistics.median(beside), "peer": statistics.median(alone),
            "ratio": statistics.median(a / b for a, b in zip(beside, alone)), "bar": 1.2, "unit": "us/round trip",
            "note": f"{count} slow connections, {held} descriptors open in the gateway; peer: without them"}
