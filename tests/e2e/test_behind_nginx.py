"""Another web server in front of the gateway: an equal way to run (product.md)."""
import socket

import pytest
from ringbinder.gateway import connect, read_all
from ringbinder.nginx import IN_FRONT, Nginx
from ringbinder.peer import Server, echo_websocket, read_head, says, status


@pytest.fixture
def front(gateway, tmp_path):
    """nginx before both of the gateway's listeners: {"portal": port, "sessions": port}."""
    gateway.trust("127.0.0.1/32")
    fronts = {name: Nginx(tmp_path / name, f"127.0.0.1:{getattr(gateway, name)}", fields=IN_FRONT)
              for name in ("portal", "sessions")}
    yield {name: one.port for name, one in fronts.items()}
    for one in fronts.values():
        one.stop()


def ask_from(address, port, request):
    with socket.create_connection(("127.0.0.1", port), timeout=10, source_address=(address, 0)) as client:
        client.sendall(request)
        return read_all(client)


def heard(heads, body=b"ok"):
    """A server that keeps the heads it reads."""
    def talk(connection):
        while (head := read_head(connection)):
            heads.append(head)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    return talk


def test_the_daemon_hears_who_the_visitor_is(gateway, front):
    heads = []
    server = Server(heard(heads), gateway.portal_path)
    answer = ask_from("127.0.0.9", front["portal"], b"GET /build/x HTTP/1.1\r\nHost: binder.example.org\r\n"
                      b"Connection: close\r\nX-Forwarded-For: 6.6.6.6\r\nX-Real-IP: 6.6.6.6\r\n\r\n")
    server.close()
    assert status(answer) == 200
    for line in (b"X-Forwarded-For: 127.0.0.9", b"X-Real-IP: 127.0.0.9", b"X-Forwarded-Proto: https",
                 b"X-Forwarded-Host: binder.example.org", b"Host: binder.example.org"):
        assert line in heads[0].split(b"\r\n"), (line, heads)
    assert b"6.6.6.6" not in heads[0]


def test_a_container_hears_the_scheme_and_no_address(gateway, front):
    heads = []
    server = Server(heard(heads))
    gateway.open("me", server.port)
    answer = ask_from("127.0.0.9", front["sessions"], b"GET /user/me/ HTTP/1.1\r\nHost: hub.example.org\r\n"
                      b"Connection: close\r\n\r\n")
    assert status(answer) == 200
    assert b"X-Forwarded-Proto: https" in heads[0] and b"127.0.0." not in heads[0]


def test_websockets_go_through_both(gateway, front):
    server = Server(echo_websocket)
    gateway.open("me", server.port)
    with connect(front["sessions"]) as client:
        client.sendall(b"GET /user/me/ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        assert status(read_head(client)) == 101
        client.sendall(b"\x81\x81\0\0\0\0x")
        assert client.recv(100) == b"\x81\x81\0\0\0\0x"


def test_a_container_cannot_order_the_web_server_to_send_its_files(gateway, front):
    server = Server(lambda c: (read_head(c), c.sendall(b"HTTP/1.1 200 OK\r\nX-Accel-Redirect: /hub/api/health\r\n"
                                                       b"Content-Length: 4\r\n\r\nmine")))
    gateway.open("me", server.port)
    answer = ask_from("127.0.0.9", front["sessions"], b"GET /user/me/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert answer.endswith(b"mine"), "with the field nginx would have answered with what is at that address"


def test_one_visitor_at_the_limit_leaves_the_others_alone(gateway, front):
    server = Server(says(b"ok"))
    gateway.open("me", server.port)
    gateway.set("CLIENT_RATE", 1)
    gateway.set("CLIENT_BURST", 3)
    gateway.settle()
    get = b"GET /user/me/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    assert [status(ask_from("127.0.0.9", front["sessions"], get)) for _ in range(4)] == [200, 200, 200, 429]
    assert status(ask_from("127.0.0.8", front["sessions"], get)) == 200
