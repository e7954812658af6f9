"""How an answer ends that a server does not end well, and in which order a tunnel's two sides may close."""
import os
import signal
import socket
import struct
import threading

import pytest

from ringbinder.gateway import connect, raw, read_all
from ringbinder.peer import GET, GRANT, Server, read_head, says, status

RESET = struct.pack("ii", 1, 0)  # SO_LINGER: what close() then sends is a reset
PLAIN = b"GET /user/me/ HTTP/1.1\r\nHost: a\r\n\r\n"
ASK = b"GET /user/me/ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
ROOM = 32768  # appliance/gateway/stream.h


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    connection.close()


def end_of(connection):
    """The bytes until the end, and whether that was a reset."""
    got = b""
    while True:
        try:
            part = connection.recv(65536)
        except ConnectionResetError:
            return got, True
        if not part:
            return got, False
        got += part


# A server that dies in the middle of an answer. (peers.md: configurable-http-proxy's client waits for ever.)

@pytest.mark.parametrize("die", [socket.socket.close, reset], ids=["closes", "resets"])
@pytest.mark.parametrize("head", [b"Content-Length: 10", b"Transfer-Encoding: chunked"], ids=["length", "chunks"])
def test_an_answer_that_is_cut_off_ends_at_once_and_does_not_look_whole(gateway, head, die):
    begun = threading.Event()

    def talk(connection):
        read_head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n%s\r\n\r\n5\r\nab" % head)
        begun.wait(5)
        die(connection)

    gateway.open("me", Server(talk).port)
    with connect(gateway.sessions) as client:
        client.sendall(PLAIN)
        assert read_head(client).startswith(b"HTTP/1.1 200")
        assert client.recv(5) == b"5\r\nab"
        begun.set()
        client.settimeout(5)
        assert end_of(client)[0] == b""


def test_an_answer_without_a_length_that_is_reset_is_reset(gateway):
    """Its end is the connection's end: an orderly one would say that this was all."""
    begun = threading.Event()

    def talk(connection):
        read_head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\nbeginning")
        begun.wait(5)
        reset(connection)

    gateway.open("me", Server(talk).port)
    with connect(gateway.sessions) as client:
        client.sendall(PLAIN)
        assert read_head(client).startswith(b"HTTP/1.1 200") and client.recv(9) == b"beginning"
        begun.set()
        assert end_of(client) == (b"", True)


@pytest.mark.parametrize("die", [socket.socket.close, reset], ids=["closes", "resets"])
def test_a_server_that_dies_before_its_answer_is_502(gateway, die):
    gateway.open("me", Server(lambda c: (read_head(c), die(c))).port)
    assert status(raw(gateway.sessions, GET % b"/user/me/")) == 502


def test_a_head_that_is_cut_off_is_502(gateway):
    gateway.open("me", Server(lambda c: (read_head(c), c.sendall(b"HTTP/1.1 200 OK\r\nContent-Le"))).port)
    assert status(raw(gateway.sessions, GET % b"/user/me/")) == 502


@pytest.mark.parametrize("head, part", [(b"Content-Length: 10", b"half"), (b"Transfer-Encoding: chunked", b"9\r\nhalf"),
                                        (b"Transfer-Encoding: chunked", b"4\r\nhalf\r\n0\r\nT: v\r\n")])
def test_a_request_that_is_cut_off_does_not_look_whole_to_the_server(gateway, head, part):
    heard = []
    ended = threading.Event()

    def talk(connection):
        read_head(connection)
        heard.append(read_all(connection))
        ended.set()

    gateway.open("me", Server(talk).port)
    with connect(gateway.sessions) as client:
        client.sendall(b"POST /user/me/ HTTP/1.1\r\nHost: a\r\n%s\r\n\r\n%s" % (head, part))
        client.shutdown(socket.SHUT_WR)
        assert read_all(client) == b"", "it has not asked for anything yet"
    assert ended.wait(5) and part.startswith(heard[0])


# Connections that are kept for the next request.

def once(connection):
    """A server that answers one request and goes as soon as there is a second."""
    read_head(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    read_head(connection)


@pytest.mark.parametrize("method, again", [(b"GET", True), (b"HEAD", True), (b"OPTIONS", True), (b"POST", False),
                                           (b"DELETE", False)])
def test_what_a_closing_connection_took_along_is_said_again_only_where_that_is_safe(gateway, method, again):
    server = Server(once)
    gateway.open("me", server.port)
    assert raw(gateway.sessions, GET % b"/user/me/").endswith(b"ok")
    answer = raw(gateway.sessions, b"%s /user/me/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" % method)
    assert status(answer) == (200 if again else 502)
    assert server.count == (2 if again else 1)


def test_what_a_fresh_connection_took_along_is_not_said_again(gateway):
    server = Server(read_head)
    gateway.open("me", server.port)
    assert status(raw(gateway.sessions, GET % b"/user/me/")) == 502
    assert server.count == 1


def test_a_server_that_closes_its_half_behind_an_answer_is_asked_nothing_more(gateway):
    """Also where it does so just after the request has come: here the gateway wakes up to both at once."""
    answered, closed = threading.Event(), threading.Event()

    def talk(connection):
        read_head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        answered.wait(5)
        connection.shutdown(socket.SHUT_WR)
        closed.set()
        assert read_head(connection) == b""

    server = Server(talk)
    gateway.open("me", server.port)
    post = b"POST /user/me/ HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"
    with connect(gateway.sessions) as client:
        client.sendall(post)
        assert status(read_head(client)) == 200 and client.recv(2) == b"ok"
        os.kill(gateway.process.pid, signal.SIGSTOP)
        client.sendall(post)
        answered.set()
        assert closed.wait(5)
        os.kill(gateway.process.pid, signal.SIGCONT)
        assert status(read_head(client)) == 200
    assert server.count == 2


def test_each_container_has_connections_of_its_own(gateway):
    one, two = Server(says(b"one")), Server(says(b"two"))
    gateway.open("one", one.port)
    gateway.open("two", two.port)
    with connect(gateway.sessions) as client:
        for name in (b"one", b"two") * 5:
            client.sendall(b"GET /user/%s/ HTTP/1.1\r\nHost: a\r\n\r\n" % name)
            read_head(client)
            assert client.recv(3) == name
    assert (one.count, two.count) == (1, 1)


def test_a_second_answer_that_hides_behind_a_full_buffer_is_never_taken(gateway):
    """The answer ends where one reading of the gateway ends, so that nothing tells it of the rest."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
    body = b"x" * (ROOM - len(head % ROOM))
    evil = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
    server = Server(lambda c: [c.sendall(head % len(body) + body + evil) for _ in iter(lambda: read_head(c), b"")])
    gateway.open("me", server.port)
    for _ in range(5):
        answer = raw(gateway.sessions, GET % b"/user/me/")
        assert answer.endswith(b"xx") and b"evil" not in answer


# Tunnels: whichever side closes first, and how, the other one hears of it, with all that was said before.

@pytest.fixture
def tunnel(gateway):
    """(client's end, server's end)"""
    ends, granted, done = [], threading.Event(), threading.Event()

    def talk(connection):
        read_head(connection)
        connection.sendall(GRANT)
        ends.append(connection)
        granted.set()
        done.wait(20)

    gateway.open("me", Server(talk).port)
    client = connect(gateway.sessions)
    client.sendall(ASK)
    assert read_head(client).startswith(b"HTTP/1.1 101") and granted.wait(5)
    ends[0].settimeout(10)
    yield client, ends[0]
    done.set()
    client.close()


@pytest.mark.parametrize("first", [0, 1], ids=["client", "server"])
def test_half_a_tunnel_stays_open_for_the_other_side(tunnel, first):
    one, other = tunnel[first], tunnel[1 - first]
    one.sendall(b"last")
    one.shutdown(socket.SHUT_WR)
    assert read_all(other) == b"last"
    other.sendall(b"answer")
    other.shutdown(socket.SHUT_WR)
    assert read_all(one) == b"answer"


@pytest.mark.parametrize("first", [0, 1], ids=["client", "server"])
def test_a_side_that_is_gone_ends_the_tunnel_with_the_next_word(tunnel, first):
    one, other = tunnel[first], tunnel[1 - first]
    one.sendall(b"last")
    # From here on it takes nothing any more.
    one.shutdown(socket.SHUT_RDWR)
    one.close()
    assert read_all(other) == b"last"
    with pytest.raises(OSError):
        for _ in range(200):
            other.sendall(b"x" * 65536)


@pytest.mark.parametrize("first", [0, 1], ids=["client", "server"])
def test_a_side_that_resets_ends_the_tunnel(tunnel, first):
    one, other = tunnel[first], tunnel[1 - first]
    one.sendall(b"last")
    assert other.recv(4) == b"last"
    reset(one)
    assert end_of(other)[0] == b""


def test_both_sides_may_close_at_once(tunnel):
    for end in tunnel:
        end.sendall(b"last")
    for end in tunnel:
        end.shutdown(socket.SHUT_WR)
    assert [read_all(end) for end in tunnel] == [b"last", b"last"]
