"""control.sock with a side that was taken over: any bytes, while traffic flows through the other side."""
import os
import random
import socket
import struct
import threading
import time
import urllib.request

from e2e_fixtures import STUB
from ringbinder import gateway as gw
from ringbinder.gateway import address_bytes, name_bytes, raw
from ringbinder.launch import launch
from ringbinder.peer import GET, Server, says, status

SEED = int(os.environ.get("RB_SEED", "1"))
PACKET_MAX = 1024  # wire/wire.h
PACKETS = int(os.environ.get("RB_PACKETS", "1500"))


def mutated(rng, seeds):
    """A packet that is nearly right, or not at all."""
    packet = bytearray(rng.choice(seeds))
    for _ in range(rng.choice((0, 0, 0, 1, 2, 3))):
        at = rng.randrange(len(packet) + 1)
        what = rng.randrange(6)
        if what == 0 and packet:
            packet[at % len(packet)] = rng.randrange(256)
        elif what == 1:
            del packet[at:at + rng.randrange(8)]
        elif what == 2:
            packet[at:at] = rng.randbytes(rng.randrange(8))
        elif what == 3 and packet:
            packet[at % len(packet)] ^= 1 << rng.randrange(8)
        elif what == 4:
            packet += packet[:rng.randrange(len(packet) + 1)]
        else:
            packet[at:at] = bytes([rng.choice((0, 1, 0x7f, 0x80, 0xff))]) * rng.randrange(300)
    if rng.randrange(20) == 0:
        packet = bytearray(rng.randbytes(rng.randrange(1, 2 * PACKET_MAX)))
    return bytes(packet[:8 * PACKET_MAX]) or b"\0"


class Traffic:
    """Requests one after another through the sessions' port, until it is stopped; `answers` counts by status."""

    def __init__(self, ask):
        self.ask, self.answers, self.stopped = ask, {}, False
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.stopped:
            try:
                got = self.ask()
            except OSError as failure:
                got = type(failure).__name__
            self.answers[got] = self.answers.get(got, 0) + 1
            time.sleep(0.005)

    def stop(self):
        self.stopped = True
        self.thread.join()
        return self.answers


def daemons_words(port):
    """What a daemon says: each kind, each state of a route, for a route that nobody asks for."""
    me, other = name_bytes("other"), name_bytes("another")
    to = bytes([gw.OPEN]) + address_bytes("127.0.0.1") + struct.pack(">H", port)
    return [
        struct.pack(">BI", gw.HELLO, gw.VERSION), bytes([gw.SYNCED]),
        bytes([gw.ROUTE]) + me + to, bytes([gw.ROUTE]) + other + to,
        bytes([gw.ROUTE]) + me + bytes([gw.HELD]), bytes([gw.ROUTE]) + me + bytes([gw.FORGOTTEN]),
        bytes([gw.ROUTE]) + me + bytes([gw.CLOSED]) + struct.pack(">IqH", 1609, 1795525200, 8) + b"v2/gh/ab" + b"\0\2ab",
        struct.pack(">BHq", gw.SETTING, gw.setting_number("KEEP_ALIVE_MS"), 75000),
        struct.pack(">BHH", gw.TEXT, gw.PORTAL_URL, 17) + b"https://a.example",
        bytes([gw.PROXIES, 0, 1]) + address_bytes("10.0.0.0") + bytes([104]),
        bytes([gw.WAKE]) + me, bytes([gw.ACTIVITY]) + me + bytes(8), bytes([gw.UNREACHABLE]) + me,
    ]


def test_a_gateway_bears_a_daemon_that_says_anything(gateway):
    rng = random.Random(SEED)
    server = Server(says(b"ok"))
    gateway.open("me", server.port)
    gateway.set("CLIENT_RATE", 0)
    gateway.settle()
    seeds = daemons_words(server.port)
    me = struct.pack(">B", gw.ROUTE) + name_bytes("me") + bytes([gw.OPEN]) + address_bytes("127.0.0.1")
    me += struct.pack(">H", server.port)
    traffic = Traffic(lambda: status(raw(gateway.sessions, GET % b"/user/me/")))
    said, deadline = 0, time.monotonic() + 10
    while said < PACKETS and time.monotonic() < deadline:
        try:
            for _ in range(rng.randrange(1, 60)):
                gateway.say(mutated(rng, seeds))
                said += 1
        except OSError:
            pass
        gateway.control.close()
        gateway.greet(synced=False)
        # What it said by chance may have changed a limit; the table and the limits are the daemon's to set.
        gateway.say(me)
        for name in ("HEAD_MS", "CONNECTIONS_MAX", "CLIENT_CONNECTIONS", "CONNECT_MS"):
            gateway.set(name, {"CLIENT_CONNECTIONS": 0, "CONNECTIONS_MAX": 4096}.get(name, 5000))
        gateway.set("CLIENT_RATE", 0)
        gateway.set("HEAD_MAX", 16384)
        gateway.say(bytes([gw.SYNCED]))
    answers = traffic.stop()
    assert said > 100 and answers.get(200, 0) > 100, (said, answers)
    # A route may have been told away by a mutation of its own name, never the process.
    assert sum(n for got, n in answers.items() if got not in (200, 424, 504)) <= 5, answers
    assert gateway.process.poll() is None
    gateway.settle()
    assert status(raw(gateway.sessions, GET % b"/user/me/")) == 200
    assert gateway.pss_kib() < 60_000
    assert len(gateway.journal().splitlines()) < 500


def gateways_words(name):
    return [
        struct.pack(">BI", gw.HELLO, gw.VERSION), bytes([gw.SYNCED]),
        bytes([gw.WAKE]) + name_bytes(name), bytes([gw.UNREACHABLE]) + name_bytes(name),
        bytes([gw.ACTIVITY]) + name_bytes(name) + struct.pack(">II", 0, 0),
        bytes([gw.ACTIVITY]) + name_bytes(name) + struct.pack(">II", gw.NONE, 5),
        bytes([gw.WAKE]) + name_bytes("nobody"),
        bytes([gw.ROUTE]) + name_bytes(name) + bytes([gw.FORGOTTEN]),
        struct.pack(">BHq", gw.SETTING, 1, 1), bytes([gw.PROXIES, 1, 0]),
    ]


def attack(path, rng, seeds):
    """One connection to the daemon's control.sock; how many packets it took before it was closed."""
    said = 0
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as control:
        control.settimeout(1)
        control.connect(str(path))
        try:
            if rng.randrange(10):
                control.send(struct.pack(">BI", gw.HELLO, rng.choice((gw.VERSION, gw.VERSION - 1))))
            for _ in range(rng.randrange(1, 60)):
                control.send(mutated(rng, seeds))
                said += 1
        except OSError:
            pass
    return said


def test_a_daemon_bears_a_gateway_that_says_anything(own_appliance, server):
    server.repository("hostile", {"Dockerfile": STUB})
    one = own_appliance(client_request_rate="0")
    ready = launch(one.portal, server.url("hostile"))
    name = ready["url"].split("/user/")[1].strip("/")
    rng, seeds = random.Random(SEED), gateways_words(name)
    before, lines = one.pid_of("ringbinderd"), len(one.journal().splitlines())

    def ask():
        with urllib.request.urlopen(f"{ready['url']}api?token={ready['token']}", timeout=10) as answer:
            session = answer.status
        with urllib.request.urlopen(f"{one.portal}/health", timeout=10) as answer:
            return session, answer.status
    traffic = Traffic(ask)
    said, began = 0, time.monotonic()
    while said < PACKETS and time.monotonic() < began + 25:
        said += attack(one.state / "run" / "control.sock", rng, seeds)
    answers = traffic.stop()
    assert said > PACKETS / 2 and set(answers) == {(200, 200)}, (said, answers)
    assert one.pid_of("ringbinderd") == before
    # About gateways it writes a line a second, and a few of its own.
    assert len(one.journal().splitlines()) - lines < 20 + 2 * (time.monotonic() - began)

