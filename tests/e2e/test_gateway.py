"""ringbinder-gateway alone: what it says and hears beside its daemon, and how its connections live and end."""
import os
import signal
import socket
import struct
import subprocess
import threading
import time
from pathlib import Path

import pytest

from ringbinder import gateway as gw
from ringbinder.appliance import free_port
from ringbinder.gateway import Gateway, connect, raw, read_all
from ringbinder.peer import GET, Server, read_head, says, status


# What the daemon says.

def test_the_gateway_greets_first_with_its_version(tmp_path):
    g = Gateway(tmp_path, daemon=False)
    g.listen()
    assert g.greet() == struct.pack(">BI", gw.HELLO, gw.VERSION)
    assert g.stop()


def test_a_route_is_open_then_elsewhere_then_closed_then_forgotten(gateway):
    one, two = Server(says(b"one")), Server(says(b"two"))
    gateway.open("me", one.port)
    assert raw(gateway.sessions, GET % b"/user/me/").endswith(b"one")
    gateway.open("me", two.port)
    assert raw(gateway.sessions, GET % b"/user/me/").endswith(b"two")
    gateway.close("me", 1004)
    answer = raw(gateway.sessions, GET % b"/user/me/")
    assert status(answer) == 424 and b"longer than its limit" in answer
    gateway.forget("me")
    answer = raw(gateway.sessions, GET % b"/user/me/")
    assert status(answer) == 424 and b"no running notebook server" in answer


def test_a_route_that_closes_takes_its_connections_along(gateway):
    server = Server(lambda c: (read_head(c), c.sendall(b"HTTP/1.1 200 OK\r\n\r\nbeginning"), time.sleep(30)))
    gateway.open("me", server.port)
    with connect(gateway.sessions) as client:
        client.sendall(GET % b"/user/me/")
        assert read_head(client).startswith(b"HTTP/1.1 200") and client.recv(100) == b"beginning"
        gateway.close("me", 1004)
        client.settimeout(2)
        assert client.recv(100) == b""


def test_a_route_that_closes_answers_who_has_nothing_yet(gateway):
    server = Server(lambda c: (read_head(c), time.sleep(30)))
    gateway.open("me", server.port)
    with connect(gateway.sessions) as client:
        client.sendall(GET % b"/user/me/")
        time.sleep(0.2)
        gateway.close("me", 1004)
        assert status(read_all(client)) == 424


def test_a_last_answer_that_came_before_the_close_is_passed_on(gateway):
    asked, answer = threading.Event(), threading.Event()

    def talk(connection):
        read_head(connection)
        asked.set()
        answer.wait(10)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlast")

    server = Server(talk)
    gateway.open("me", server.port)
    with connect(gateway.sessions) as client:
        client.sendall(GET % b"/user/me/")
        asked.wait(10)
        os.kill(gateway.process.pid, signal.SIGSTOP)  # it sees both at once
        answer.set()
        time.sleep(0.2)
        gateway.close("me", 1004, settle=False)
        os.kill(gateway.process.pid, signal.SIGCONT)
        assert read_all(client).endswith(b"last")


def stop(gateway):
    """Returns when it stands still: what comes then is seen in its order."""
    os.kill(gateway.process.pid, signal.SIGSTOP)
    while Path(f"/proc/{gateway.process.pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "T":
        time.sleep(0.01)


def test_a_server_that_moves_has_not_ended_for_who_waits_for_it(gateway):
    server = Server(lambda c: (read_head(c), asked.set(), time.sleep(30)))
    asked = threading.Event()
    gateway.open("me", server.port)
    with connect(gateway.sessions) as client:
        client.sendall(GET % b"/user/me/")
        asked.wait(10)
        gateway.open("me", Server(says(b"new")).port)
        assert status(read_all(client)) == 503
    assert raw(gateway.sessions, GET % b"/user/me/").endswith(b"new")


def test_while_a_server_moves_nothing_goes_to_its_old_address(gateway):
    """There may be somebody else's by now."""
    asked, answer, heads = threading.Event(), threading.Event(), []

    def talk(connection):
        while head := read_head(connection):
            heads.append(head)
            asked.set()
            answer.wait(10)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlast")

    old, new = Server(talk), Server(says(b"new"))
    gateway.open("me", old.port)
    with connect(gateway.sessions) as client:
        client.sendall(b"GET /user/me/ HTTP/1.1\r\nHost: a\r\n\r\nGET /user/me/2 HTTP/1.1\r\nHost: a\r\n"
                       b"Accept: text/html\r\nConnection: close\r\n\r\n")
        asked.wait(10)
        stop(gateway)  # it sees both at once, the move first
        gateway.say(bytes([gw.ROUTE]) + gw.name_bytes("me") + bytes([gw.OPEN]) + gw.address_bytes("127.0.0.1")
                    + struct.pack(">H", new.port))
        time.sleep(0.1)
        answer.set()
        time.sleep(0.2)
        os.kill(gateway.process.pid, signal.SIGCONT)
        answers = read_all(client)
    assert answers.count(b"HTTP/1.1 200") == 2 and b"last" in answers and answers.endswith(b"new")
    assert len(heads) == 1


def test_a_daemon_that_comes_back_drops_what_it_does_not_repeat(gateway):
    server = Server(says(b"ok"))
    gateway.open("kept", server.port)
    gateway.open("dropped", server.port)
    gateway.leave()
    time.sleep(0.1)
    assert status(raw(gateway.sessions, GET % b"/user/dropped/")) == 200, "routes go on without the daemon"
    gateway.listen()
    began = time.monotonic()
    gateway.greet(synced=False)
    assert time.monotonic() - began < 1.2, "it is looked for at least once a second"
    gateway.open("kept", server.port)
    assert status(raw(gateway.sessions, GET % b"/user/dropped/")) == 200, "until all is said, all stays"
    gateway.say(bytes([gw.SYNCED]))
    gateway.settle()
    assert status(raw(gateway.sessions, GET % b"/user/dropped/")) == 424
    assert status(raw(gateway.sessions, GET % b"/user/kept/")) == 200


def test_a_tunnel_outlives_the_daemon(gateway):
    def echo(connection):
        read_head(connection)
        connection.sendall(b"HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
        while True:
            data = connection.recv(1000)
            if not data:
                return
            connection.sendall(data)

    server = Server(echo)
    gateway.open("me", server.port)
    with connect(gateway.sessions) as client:
        client.sendall(b"GET /user/me/ HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        assert b" 101 " in read_head(client)
        gateway.leave()
        time.sleep(0.1)
        client.sendall(b"still there?")
        assert client.recv(100) == b"still there?"
        gateway.listen()
        gateway.greet(synced=False)
        gateway.open("me", server.port)
        gateway.say(bytes([gw.SYNCED]))
        gateway.settle()
        client.sendall(b"and now?")
        assert client.recv(100) == b"and now?"
        # A half of it may end before the other (RFC 6455 leaves it to TCP).
        client.shutdown(socket.SHUT_WR)
        assert client.recv(100) == b""


@pytest.mark.parametrize("packet", [b"\x0a", b"\x03\x02me", bytes([gw.WAKE, 1]) + b"a", bytes([gw.HELLO, 0, 0, 0, 1]),
                                    b"x" * 1000], ids=["unknown", "cut-off", "not-its-to-say", "second-hello", "long"])
def test_a_daemon_that_speaks_nonsense_is_left_and_looked_for_again(gateway, packet):
    server = Server(says(b"ok"))
    gateway.open("me", server.port)
    gateway.say(packet)
    assert gateway.control.recv(1024) == b"", "the connection is closed"
    assert status(raw(gateway.sessions, GET % b"/user/me/")) == 200, "and nothing else is lost"
    assert gateway.greet()
    assert "RB1101" in gateway.journal()


def test_a_daemon_of_a_distant_version_is_not_understood(tmp_path):
    g = Gateway(tmp_path, daemon=False)
    g.listen()
    g.listener.settimeout(5)
    connection, _ = g.listener.accept()
    connection.send(struct.pack(">BI", gw.HELLO, gw.VERSION + 2))
    connection.recv(1024)
    assert connection.recv(1024) == b""
    connection.close()
    assert g.stop()


def test_a_daemon_of_the_version_before_is_spoken_with_in_its_own_words(tmp_path):
    g = Gateway(tmp_path, daemon=False)
    g.listen()
    g.greet(version=gw.VERSION - 1)
    g.close("me", 1609)
    answer = raw(g.sessions, GET % b"/user/me/")
    assert status(answer) == 424 and b"idle" in answer
    g.text(gw.PORTAL_URL, "https://portal.example/")
    assert g.control.recv(1024) == b"", "what came with a later version, it may not say"
    assert g.stop()


def test_settings_take_effect_and_wrong_ones_do_not(gateway):
    server = Server(says(b"ok"))
    gateway.open("me", server.port)
    gateway.set("SESSION_BODY_MAX", 10)
    gateway.set("HEAD_MAX", 1)
    gateway.settle()
    put = b"PUT /user/me/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
    assert status(raw(gateway.sessions, put % (11, b"x" * 11))) == 413
    assert status(raw(gateway.sessions, put % (0, b""))) == 200, "a head may still be longer than one byte"
    assert "RB1101" in gateway.journal()


# What the gateway says.

def test_activity_is_reported_with_its_ages(gateway):
    server = Server(says(b"ok"))
    gateway.set("ACTIVITY_MS", 200)
    gateway.open("me", server.port)
    raw(gateway.sessions, GET % b"/user/me/api/kernels")
    kind, name, rest = gateway.hear()
    input_ms, any_ms = struct.unpack(">II", rest)
    assert (kind, name, input_ms) == (gw.ACTIVITY, "me", gw.NONE), "a poll is not input"
    assert any_ms < 1000
    raw(gateway.sessions, b"PUT /user/me/x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    kind, _, rest = gateway.hear()
    assert kind == gw.ACTIVITY and struct.unpack(">II", rest)[0] < 1000, "to change something is"
    assert gateway.hear(0.5) is None, "and nothing is said where nothing happens"
    raw(gateway.sessions, b"GET /user/me/lab HTTP/1.0\r\nSec-Fetch-Mode: navigate\r\n\r\n")
    assert struct.unpack(">II", gateway.hear()[2])[0] < 200, "and so is to open a page"


def test_data_frames_are_input_and_pongs_are_not(gateway):
    def talk(connection):
        read_head(connection)
        connection.sendall(b"HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
        while connection.recv(1000):
            pass

    server = Server(talk)
    gateway.set("ACTIVITY_MS", 100)
    gateway.open("me", server.port)
    with connect(gateway.sessions) as client:
        client.sendall(b"GET /user/me/ HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        read_head(client)
        gateway.hear()
        client.sendall(b"\x8a\x80mask")
        time.sleep(0.3)
        said = gateway.hear()
        while (more := gateway.hear(0.3)):
            said = more
        assert struct.unpack(">I", said[2][:4])[0] == gw.NONE
        client.sendall(b"\x81\x81maskx")
        assert struct.unpack(">I", gateway.hear()[2][:4])[0] < 1000


def test_the_door_routes_like_the_sessions_but_is_no_activity(gateway):
    server = Server(says(b"ok"))
    gateway.set("ACTIVITY_MS", 100)
    gateway.open("me", server.port)
    assert raw(gateway.door, GET % b"/user/me/api").endswith(b"ok")
    assert status(raw(gateway.door, GET % b"/user/other/api")) == 424
    assert gateway.hear(0.4) is None


def test_a_server_that_is_not_there_is_said_and_is_503(gateway):
    gateway.open("me", free_port())
    answer = raw(gateway.sessions, GET % b"/user/me/")
    assert status(answer) == 503 and b"Retry-After: " in answer
    for _ in range(20):
        raw(gateway.sessions, GET % b"/user/me/")
    heard = []
    while (said := gateway.hear(0.2)):
        heard += [said[1]] * (said[0] == gw.UNREACHABLE)
    assert heard in (["me"], ["me", "me"]), "once a second, not for every request"


def test_a_full_control_socket_delays_activity_and_nothing_else(gateway):
    server = Server(says(b"ok"))
    gateway.set("ACTIVITY_MS", 100)
    for n in range(600):
        gateway.say(bytes([gw.ROUTE]) + gw.name_bytes(f"me{n}") + bytes([gw.OPEN]) + bytes(10) + b"\xff\xff" +
                    socket.inet_aton("127.0.0.1") + struct.pack(">H", server.port))
    gateway.settle()
    with connect(gateway.sessions) as client:
        for n in range(600):
            client.sendall(b"GET /user/me%d/ HTTP/1.1\r\nHost: a\r\n\r\n" % n)
            read_head(client)
            assert client.recv(2) == b"ok"
    time.sleep(0.5)
    heard = set()
    while (said := gateway.hear(1)):
        heard.add(said[1])
    assert len(heard) == 600


# The daemon away.

def test_without_the_daemon_the_portal_waits_and_then_says_so(gateway):
    gateway.set("DAEMON_WAIT_MS", 700)
    gateway.settle()
    began = time.monotonic()
    answer = raw(gateway.portal, GET % b"/")
    waited = time.monotonic() - began
    assert status(answer) == 503 and b"Retry-After: " in answer and 0.6 < waited < 2


def test_a_daemon_that_comes_back_in_time_is_not_missed(gateway):
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(raw(gateway.portal, GET % b"/health")))
               for _ in range(5)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    portal = Server(says(b"here"), gateway.portal_path)
    for thread in threads:
        thread.join()
    assert [answer.endswith(b"here") for answer in answers] == [True] * 5
    portal.close()


def test_a_get_that_the_daemon_took_with_it_is_asked_again(gateway):
    portal = Server(lambda c: (read_head(c), c.close()), gateway.portal_path)
    answers = []
    thread = threading.Thread(target=lambda: answers.append(raw(gateway.portal, GET % b"/health")))
    thread.start()
    time.sleep(0.3)
    portal.close()
    portal = Server(says(b"here"), gateway.portal_path)
    thread.join()
    assert answers[0].endswith(b"here")
    portal.close()


def test_a_post_that_the_daemon_took_with_it_is_not(gateway):
    portal = Server(lambda c: (read_head(c), c.recv(1), c.close()), gateway.portal_path)
    answer = raw(gateway.portal, b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx")
    assert status(answer) == 503 and portal.count == 1
    portal.close()


# Connections.

def test_a_kept_connection_that_the_server_closes_is_no_fault(gateway):
    """The server closes just when the next request is on its way: nobody sees it."""
    def talk(connection):
        read_head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        read_head(connection)
        connection.close()

    server = Server(talk)
    gateway.open("me", server.port)
    for _ in range(4):
        assert raw(gateway.sessions, GET % b"/user/me/").endswith(b"ok")
    assert server.count >= 2


def test_kept_connections_serve_many_clients(gateway):
    server = Server(says(b"ok"))
    gateway.open("me", server.port)
    for _ in range(20):
        assert raw(gateway.sessions, GET % b"/user/me/").endswith(b"ok")
    assert server.count == 1


def test_a_client_that_has_said_all_still_gets_its_answer(gateway):
    def talk(connection):
        read_head(connection)
        time.sleep(0.3)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate")

    server = Server(talk)
    gateway.open("me", server.port)
    with connect(gateway.sessions) as client:
        client.sendall(b"GET /user/me/ HTTP/1.1\r\nHost: a\r\n\r\n")
        client.shutdown(socket.SHUT_WR)
        assert read_all(client).endswith(b"late")


def test_a_client_that_leaves_ends_its_server_connection(gateway):
    left = threading.Event()

    def talk(connection):
        read_head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            while True:
                connection.sendall(b"x" * 1000)
                time.sleep(0.01)
        except OSError:
            left.set()

    server = Server(talk)
    gateway.open("me", server.port)
    with connect(gateway.sessions) as client:
        client.sendall(b"GET /user/me/ HTTP/1.1\r\nHost: a\r\n\r\n")
        client.recv(100)
    assert left.wait(5)


def test_an_answer_before_the_request_is_over_reaches_the_client(gateway):
    def talk(connection):
        read_head(connection)
        connection.sendall(b"HTTP/1.1 413 no\r\nContent-Length: 3\r\nConnection: close\r\n\r\nno!")
        connection.close()

    server = Server(talk)
    gateway.open("me", server.port)
    with connect(gateway.sessions) as client:
        client.sendall(b"PUT /user/me/ HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n")
        time.sleep(0.2)
        try:
            client.sendall(b"x" * 1000000)
        except OSError:
            pass
        assert read_all(client).startswith(b"HTTP/1.1 413")


def test_a_head_that_does_not_end_is_408(gateway):
    gateway.set("HEAD_MS", 300)
    gateway.settle()
    with connect(gateway.sessions) as slow:
        slow.sendall(b"GET /user/me/ HTTP/1.1\r\n")
        assert status(read_all(slow)) == 408
    with connect(gateway.sessions) as silent:
        assert read_all(silent) == b"", "who has said nothing is told nothing"


def test_a_body_that_does_not_come_is_408(gateway):
    gateway.set("STALL_MS", 300)
    server = Server(lambda c: (read_head(c), time.sleep(30)))
    gateway.open("me", server.port)
    with connect(gateway.sessions) as slow:
        slow.sendall(b"PUT /user/me/ HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf")
        assert status(read_all(slow)) == 408


@pytest.mark.parametrize("endless", [b"HTTP/1.1 200 OK\r\nX: " + b"x" * 20000, b"HTTP/1.1 103 hint\r\n\r\n" * 20],
                         ids=["one", "interim"])
def test_a_server_whose_heads_do_not_end_is_502(gateway, endless):
    server = Server(lambda c: (read_head(c), c.sendall(endless), time.sleep(30)))
    gateway.open("me", server.port)
    assert status(raw(gateway.sessions, b"GET /user/me/ HTTP/1.0\r\n\r\n")) == 502


def test_a_server_that_says_nothing_is_504(gateway):
    gateway.set("ANSWER_MS", 300)
    server = Server(lambda c: (read_head(c), time.sleep(30)))
    gateway.open("me", server.port)
    assert status(raw(gateway.sessions, GET % b"/user/me/")) == 504


def test_idle_connections_and_tunnels_end(gateway):
    gateway.set("KEEP_ALIVE_MS", 300)
    gateway.set("TUNNEL_IDLE_MS", 300)

    def talk(connection):
        read_head(connection)
        connection.sendall(b"HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
        connection.recv(1)

    server = Server(talk)
    gateway.open("me", server.port)
    with connect(gateway.sessions) as idle, connect(gateway.sessions) as tunnel:
        idle.sendall(b"GET /hub/api/health HTTP/1.1\r\nHost: a\r\n\r\n")
        tunnel.sendall(b"GET /user/me/ HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        assert status(read_all(idle)) == 200
        assert b" 101 " in read_all(tunnel)


def test_at_the_limit_the_longest_idle_makes_room_and_the_busy_do_not(gateway):
    gateway.set("CONNECTIONS_MAX", 16)
    server = Server(lambda c: (read_head(c), time.sleep(1.5), c.sendall(b"HTTP/1.1 200 OK\r\n\r\nslow"), c.close()))
    gateway.open("me", server.port)
    busy = [connect(gateway.sessions) for _ in range(15)]
    for client in busy:
        client.sendall(b"GET /user/me/ HTTP/1.1\r\nHost: a\r\n\r\n")
    time.sleep(0.3)
    idle = connect(gateway.sessions)
    idle.sendall(b"GET /hub/api/health HTTP/1.1\r\nHost: a\r\n\r\n")
    assert b"200" in read_head(idle)
    assert status(raw(gateway.sessions, GET % b"/hub/api/health")) == 200, "there is room for one more"
    idle.settimeout(2)
    assert read_all(idle).endswith(b"ok\n"), "because the idle one had to go"
    more = connect(gateway.sessions)
    more.sendall(b"GET /user/me/ HTTP/1.1\r\nHost: a\r\n\r\n")
    time.sleep(0.1)
    waiting = connect(gateway.sessions)
    waiting.sendall(GET % b"/hub/api/health")
    waiting.settimeout(0.4)
    with pytest.raises(TimeoutError):
        waiting.recv(1)
    waiting.settimeout(10)
    assert status(read_all(waiting)) == 200, "the next one waits until somebody leaves"
    for client in busy + [more]:
        assert read_all(client).endswith(b"slow")


def test_a_slow_reader_slows_the_server_and_costs_no_memory(gateway):
    size = 40_000_000  # more than the kernel's own buffers hold on the way, some 10 MB
    sent = threading.Event()

    def talk(connection):
        read_head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        connection.sendall(bytes(size))
        sent.set()

    server = Server(talk)
    gateway.open("me", server.port)
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    client.settimeout(10)
    client.connect(("127.0.0.1", gateway.sessions))
    before = gateway.pss_kib()
    client.sendall(GET % b"/user/me/large")
    time.sleep(0.5)
    assert not sent.is_set(), "what nobody takes is not read"
    assert gateway.pss_kib() - before < 500
    assert len(read_all(client).split(b"\r\n\r\n", 1)[1]) == size
    assert sent.is_set() and gateway.pss_kib() - before < 500
    client.close()


def test_a_large_body_goes_up_with_backpressure(gateway):
    size = 10_000_000

    def talk(connection):
        read_head(connection)
        time.sleep(0.5)
        left = size
        while left:
            left -= len(connection.recv(min(left, 65536)))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nall")

    server = Server(talk)
    gateway.open("me", server.port)
    with connect(gateway.sessions) as client:
        before = gateway.pss_kib()
        client.sendall(b"PUT /user/me/ HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % size)
        client.sendall(bytes(size))
        assert read_all(client).endswith(b"all")
        assert gateway.pss_kib() - before < 500


def test_the_portal_passes_large_answers_and_streams_as_they_come(gateway):
    size = 3_000_000

    def talk(connection):
        read_head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nfirst\n\r\n")
        time.sleep(0.3)
        connection.sendall(b"%x\r\n" % size + bytes(size) + b"\r\n0\r\n\r\n")

    portal = Server(talk, gateway.portal_path)
    with connect(gateway.portal) as client:
        began = time.monotonic()
        client.sendall(GET % b"/build/git/x/y")
        read_head(client)
        assert client.recv(100) == b"6\r\nfirst\n\r\n" and time.monotonic() - began < 0.25, "an event comes at once"
        assert len(read_all(client)) == len(b"%x\r\n" % size) + size + len(b"\r\n0\r\n\r\n")
    portal.close()


def test_idle_costs_nothing(gateway):
    """No wake-ups without a timer that is due, and no descriptor is left behind."""
    server = Server(says(b"ok", close=True))
    gateway.open("me", server.port)

    def switches():
        text = Path(f"/proc/{gateway.process.pid}/status").read_text()
        return int(text.split("voluntary_ctxt_switches:")[1].split()[0])

    def files():
        return len(os.listdir(f"/proc/{gateway.process.pid}/fd"))

    raw(gateway.sessions, GET % b"/user/me/")
    before = files()
    for _ in range(100):
        raw(gateway.sessions, GET % b"/user/me/")
    time.sleep(6)
    assert files() <= before
    woken = switches()
    time.sleep(3)
    assert switches() - woken <= 3


def test_it_opens_no_file_and_links_libc_alone(gateway):
    for fd in os.listdir(f"/proc/{gateway.process.pid}/fd"):
        target = os.readlink(f"/proc/{gateway.process.pid}/fd/{fd}")
        assert not target.startswith("/") or target in ("/dev/null", str(gateway.folder / "gateway.log")), target
    needed = subprocess.run(["readelf", "-d", gw.PROGRAM], check=True, capture_output=True, text=True).stdout
    libraries = {line.split("[")[1].rstrip("]") for line in needed.splitlines() if "(NEEDED)" in line}
    assert libraries - {"libasan.so.8", "libubsan.so.1"} == {"libc.so.6"}


def test_without_sockets_it_says_so(tmp_path):
    done = subprocess.run([gw.PROGRAM, "--control", tmp_path / "c", "--portal", tmp_path / "p"], capture_output=True,
                          text=True, check=False, env={"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "")})
    assert done.returncode == 1 and "LISTEN_FDNAMES" in done.stderr
