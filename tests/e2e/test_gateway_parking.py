"""Requests to a frozen session: a person's waits until it is woken, an open tab's polls do not wake it."""
import resource
import socket

import pytest

from ringbinder import gateway as gw
from ringbinder.gateway import Gateway, connect, raw, read_all
from ringbinder.peer import GET, Server, echo_websocket, read_head, says, status

HUMAN = b"GET /user/me/lab HTTP/1.1\r\nHost: a\r\nSec-Fetch-Mode: navigate\r\nConnection: close\r\n\r\n"
PARKED_MAX, ALL_MAX = 64, 4096  # of one route, of all: appliance/gateway/park.h


def park(gateway, request=HUMAN):
    """A client whose request has been parked, or has been refused: the gateway has read it."""
    client = connect(gateway.sessions)
    client.sendall(request)
    gateway.settle()
    return client


def wakes(gateway):
    said = []
    while (heard := gateway.hear(0.3)):
        said += [heard[1]] * (heard[0] == gw.WAKE)
    return said


def test_polls_are_answered_without_waking_anybody(gateway):
    gateway.hold("me")
    for extra in (b"Sec-Fetch-Mode: cors", b"Accept: */*",
                  b"Sec-Fetch-Mode: websocket\r\nConnection: Upgrade\r\nUpgrade: websocket"):
        client = park(gateway, b"GET /user/me/api/kernels HTTP/1.1\r\nHost: a\r\n%s\r\n\r\n" % extra)
        assert status(read_head(client)) == 504, extra
        client.close()
    assert wakes(gateway) == []


def test_a_person_waits_and_goes_on_when_the_server_is_awake(gateway):
    server = Server(says(b"awake"))
    gateway.hold("me")
    client = park(gateway)
    assert gateway.hear()[:2] == (gw.WAKE, "me")
    gateway.open("me", server.port)
    assert read_all(client).endswith(b"awake")


def test_waking_is_asked_for_once_and_again_when_the_route_is_said_anew(gateway):
    gateway.hold("me")
    clients = [park(gateway) for _ in range(3)]
    assert wakes(gateway) == ["me"]
    gateway.hold("me")
    assert wakes(gateway) == ["me"], "a daemon that says it anew may not have heard it"
    for client in clients:
        client.close()


def test_whose_browser_says_nothing_about_fetches_is_known_by_what_it_accepts(gateway):
    server = Server(says(b"awake"))
    gateway.hold("me")
    client = park(gateway, b"GET /user/me/lab HTTP/1.1\r\nHost: a\r\nAccept: text/html,*/*;q=0.8\r\n"
                           b"Connection: close\r\n\r\n")
    gateway.open("me", server.port)
    assert read_all(client).endswith(b"awake")


def test_they_go_on_in_the_order_of_their_coming(gateway):
    asked = {}

    def talk(connection):
        asked[connection] = int(read_head(connection).split(b"/user/me/")[1].split(b" ")[0])
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    server = Server(talk)
    gateway.hold("me")
    clients = [park(gateway, HUMAN.replace(b"lab", b"%d" % n)) for n in range(8)]
    gateway.open("me", server.port)
    assert all(status(read_all(client)) == 200 for client in clients)
    assert [asked[connection] for connection in server.connections] == list(range(8))


def test_a_body_waits_in_the_kernel_and_is_whole_in_the_end(gateway):
    body, got = b"x" * 40_000_000, []

    def talk(connection):
        read_head(connection)
        size = 0
        while size < len(body):
            size += len(connection.recv(65536))
        got.append(size)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    server = Server(talk)
    gateway.hold("me")
    before = gateway.pss_kib()
    with connect(gateway.sessions) as client:
        client.sendall(b"PUT /user/me/api/contents/a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                       b"Content-Length: %d\r\n\r\n" % len(body))
        client.settimeout(0.5)
        sent = 0
        with pytest.raises(TimeoutError):
            while sent < len(body):
                sent += client.send(body[sent:])
        assert gateway.pss_kib() - before < 200, "what the client has sent is not in the gateway's memory"
        client.settimeout(10)
        gateway.open("me", server.port)
        client.sendall(body[sent:])
        assert status(read_all(client)) == 200 and got == [len(body)]


def test_who_waits_to_be_told_to_go_on_is_told_when_the_server_is_awake(gateway):
    server = Server(lambda c: (read_head(c), c.recv(5), c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")))
    gateway.hold("me")
    client = park(gateway, b"PUT /user/me/a HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 5\r\n"
                           b"Expect: 100-continue\r\n\r\n")
    client.settimeout(0.3)
    with pytest.raises(TimeoutError):
        client.recv(1)
    client.settimeout(10)
    gateway.open("me", server.port)
    assert status(read_head(client)) == 100
    client.sendall(b"hello")
    assert status(read_all(client)) == 200


def test_a_route_that_closes_or_is_forgotten_says_so_to_who_waits(gateway):
    gateway.hold("me")
    gateway.hold("other")
    one, two = park(gateway), park(gateway, HUMAN.replace(b"/me/", b"/other/"))
    gateway.close("me", 1609)
    answer = read_all(one)
    assert status(answer) == 424 and b"idle" in answer
    gateway.forget("other")
    answer = read_all(two)
    assert status(answer) == 424 and b"no running notebook server" in answer


def test_a_client_that_leaves_makes_room(gateway):
    server = Server(says(b"awake"))
    gateway.hold("me")
    clients = [park(gateway) for _ in range(PARKED_MAX)]
    late = park(gateway)
    answer = read_all(late)
    assert status(answer) == 503 and b"RB1612" in answer and b"Retry-After: " in answer
    clients.pop().close()
    gateway.settle()
    clients.append(park(gateway))
    gateway.open("me", server.port)
    assert all(read_all(client).endswith(b"awake") for client in clients)
    assert server.count <= PARKED_MAX, "nothing was asked for the one that had left"


def test_there_is_a_limit_for_all_routes_together(gateway):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 2 * ALL_MAX + 1000:
        pytest.skip("too few open files for 4,096 clients and their servers")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    gateway.set("CONNECTIONS_MAX", ALL_MAX + 100)
    gateway.set("CLIENT_CONNECTIONS", 0)
    clients = []
    for n in range(ALL_MAX // PARKED_MAX):
        gateway.hold(f"me{n}")
        for _ in range(PARKED_MAX):
            clients.append(connect(gateway.sessions))
            clients[-1].sendall(HUMAN.replace(b"/me/", b"/me%d/" % n))
    gateway.hold("me")
    answer = read_all(park(gateway))
    assert status(answer) == 503 and b"RB1612" in answer
    for client in clients:
        client.close()
    gateway.settle()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_who_waits_too_long_is_told_to_try_again(gateway):
    gateway.set("WAKE_MS", 200)
    gateway.hold("me")
    answer = read_all(park(gateway))
    assert status(answer) == 503 and b"RB1166" in answer and b"Retry-After: " in answer
    assert b'http-equiv="refresh"' in answer


def test_a_daemon_that_comes_back_hears_that_somebody_waits(gateway):
    server = Server(says(b"awake"))
    gateway.hold("me")
    gateway.leave()
    client = park_without_daemon(gateway)
    gateway.listen()
    gateway.greet(synced=False)
    gateway.hold("me")
    gateway.say(bytes([gw.SYNCED]))
    assert wakes(gateway) == ["me"]
    gateway.open("me", server.port)
    assert read_all(client).endswith(b"awake")


def park_without_daemon(gateway):
    client = connect(gateway.sessions)
    client.sendall(HUMAN)
    raw(gateway.sessions, GET % b"/hub/api/health")
    return client


def test_a_full_control_socket_delays_the_wake_and_does_not_lose_it(gateway):
    for n in range(600):
        gateway.say(bytes([gw.ROUTE]) + gw.name_bytes(f"me{n}") + bytes([gw.HELD]))
    gateway.settle()
    gateway.set("CONNECTIONS_MAX", 1000)
    gateway.settle()
    # The fake daemon does not listen: its queue takes some 278 packets.
    clients = []
    for n in range(600):
        client = connect(gateway.sessions)
        client.sendall(HUMAN.replace(b"/me/", b"/me%d/" % n))
        clients.append(client)
    raw(gateway.sessions, GET % b"/hub/api/health")
    assert sorted(wakes(gateway)) == sorted(f"me{n}" for n in range(600))
    for client in clients:
        client.close()


def test_typing_into_an_open_websocket_wakes_the_server(gateway):
    server = Server(echo_websocket)
    gateway.open("me", server.port)
    with connect(gateway.sessions) as client:
        client.sendall(b"GET /user/me/ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        assert status(read_head(client)) == 101
        gateway.hold("me")
        client.sendall(b"\x8a\x80\0\0\0\0")
        client.recv(6)
        assert wakes(gateway) == [], "a pong is not a person"
        client.sendall(b"\x81\x81\0\0\0\0x")
        client.recv(7)
        assert wakes(gateway) == ["me"]


def test_nothing_is_left_of_who_waited(tmp_path):
    """Also under a sanitizer: routes and clients that go in every order."""
    g = Gateway(tmp_path)
    for turn in range(20):
        g.hold("me")
        clients = [park(g) for _ in range(3)]
        clients[turn % 3].close()
        if turn % 2:
            clients[(turn + 1) % 3].shutdown(socket.SHUT_RDWR)
        g.forget("me")
        for client in clients:
            client.close()
    assert g.stop(), g.journal()
