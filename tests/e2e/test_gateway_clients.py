"""What one client may have, how slow it may be, and who it is behind a proxy."""
import select
import socket
import time

import pytest

from ringbinder import gateway as gw
from ringbinder.gateway import connect, raw, read_all
from ringbinder.peer import GET, Server, read_head, says, status

KEPT = b"GET /hub/api/health HTTP/1.1\r\nHost: a\r\n\r\n"


def connect_from(address, port):
    return socket.create_connection(("127.0.0.1", port), timeout=10, source_address=(address, 0))


def asked_from(address, gateway, request=GET % b"/hub/api/health"):
    """The status that a client at the address gets."""
    with connect_from(address, gateway.sessions) as client:
        try:
            client.sendall(request)
        except ConnectionError:
            pass
        return status(read_all(client))


def keep_asking(client, n):
    """The statuses of n requests on one connection."""
    got = []
    for _ in range(n):
        client.sendall(KEPT)
        head = read_head(client)
        got.append(status(head))
        if got[-1] != 200:
            break
        client.recv(3)
    return got


# Connections.

def test_connections_of_one_client_are_limited_and_those_of_others_are_not(gateway):
    gateway.set("CLIENT_CONNECTIONS", 3)
    gateway.settle()
    mine = [connect_from("127.0.0.9", gateway.sessions) for _ in range(3)]
    assert [keep_asking(client, 1) for client in mine] == [[200]] * 3
    with connect_from("127.0.0.9", gateway.sessions) as over:
        answer = read_all(over)
        assert status(answer) in (429, None), "or it is reset, when it had sent something already"
        assert b"RB1614" in answer and b"Retry-After: " in answer and b"\r\nDate: " in answer
    assert asked_from("127.0.0.8", gateway) == 200
    mine.pop().close()
    gateway.settle()
    assert asked_from("127.0.0.9", gateway) == 200, "who closes one may open another"
    for client in mine:
        client.close()
    assert "RB1614" in gateway.journal() and "127.0.0.9" not in gateway.journal()


def test_connections_refused_do_not_count(gateway):
    gateway.set("CLIENT_CONNECTIONS", 1)
    gateway.settle()
    with connect_from("127.0.0.9", gateway.sessions) as mine:
        assert keep_asking(mine, 1) == [200]
        for _ in range(20):
            with connect_from("127.0.0.9", gateway.sessions) as over:
                read_all(over)
    gateway.settle()
    assert asked_from("127.0.0.9", gateway) == 200


def test_without_a_limit_there_is_none(gateway):
    gateway.set("CLIENT_CONNECTIONS", 0)
    gateway.set("CLIENT_RATE", 0)
    gateway.set("CLIENT_BURST", 1)
    gateway.settle()
    clients = [connect_from("127.0.0.9", gateway.sessions) for _ in range(50)]
    assert [keep_asking(client, 3) for client in clients] == [[200] * 3] * 50
    for client in clients:
        client.close()


# Requests.

def test_requests_of_one_client_are_limited_and_those_of_others_are_not(gateway):
    gateway.set("CLIENT_RATE", 1)
    gateway.set("CLIENT_BURST", 5)
    gateway.settle()
    with connect_from("127.0.0.9", gateway.sessions) as client:
        assert keep_asking(client, 6) == [200] * 5 + [429]
    answer = raw_from("127.0.0.9", gateway, GET % b"/user/me/lab")
    assert status(answer) == 429 and b"RB1613" in answer and b"Retry-After: " in answer
    assert b"Connection: close" in answer and b"text/html" in answer
    answer = raw_from("127.0.0.9", gateway,
                      b"GET /user/me/api HTTP/1.1\r\nHost: a\r\nAccept: application/json\r\n\r\n")
    assert status(answer) == 429 and b'"code": "RB1613"' in answer
    assert asked_from("127.0.0.8", gateway) == 200
    time.sleep(2.1)
    assert asked_from("127.0.0.9", gateway) == 200, "its bucket fills again"


def raw_from(address, gateway, request):
    with connect_from(address, gateway.sessions) as client:
        client.sendall(request)
        return read_all(client)


def test_a_bucket_outlives_the_connection(gateway):
    """Who opens a new connection for every request is no better off."""
    gateway.set("CLIENT_RATE", 1)
    gateway.set("CLIENT_BURST", 5)
    gateway.settle()
    assert [asked_from("127.0.0.9", gateway) for _ in range(6)] == [200] * 5 + [429]


def test_a_classroom_behind_one_address_works(gateway):
    """40 tabs of JupyterLab: 200 requests each at first, six connections and a few WebSockets."""
    gateway.set("CONNECTIONS_MAX", 4096)
    gateway.settle()
    clients = [connect_from("127.0.0.9", gateway.sessions) for _ in range(400)]
    assert all(keep_asking(client, 20) == [200] * 20 for client in clients)
    for client in clients:
        client.close()


def test_the_door_is_not_limited(gateway):
    gateway.set("CLIENT_RATE", 1)
    gateway.set("CLIENT_BURST", 1)
    gateway.set("CLIENT_CONNECTIONS", 1)
    gateway.settle()
    assert [status(raw(gateway.door, GET % b"/hub/api/health")) for _ in range(10)] == [200] * 10


def test_the_door_is_open_when_the_gateway_is_full(gateway):
    """Strangers who fill it do not fail the launches whose servers are being asked for."""
    server = Server(lambda c: (read_head(c), c.recv(1)))
    gateway.set("CONNECTIONS_MAX", 16)
    gateway.open("me", server.port)
    busy = [connect(gateway.sessions) for _ in range(16)]
    for client in busy:
        client.sendall(GET % b"/user/me/")
    while server.count < 16:
        time.sleep(0.01)
    with connect(gateway.sessions) as waits:
        waits.sendall(GET % b"/hub/api/health")
        assert [status(raw(gateway.door, GET % b"/hub/api/health")) for _ in range(3)] == [200] * 3
        assert not select.select([waits], [], [], 0.2)[0]
        server.close()
        assert status(read_all(waits)) == 200, "who had to wait has its turn"
    for client in busy:
        client.close()


def ask_for(client, addresses):
    """What a proxy's clients get for a request each, sent at once."""
    client.sendall(b"".join(b"HEAD /hub/api/health HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 10.%d.%d.1\r\n\r\n"
                            % (n >> 8, n & 255) for n in addresses))
    return [status(read_head(client)) for _ in addresses]


def test_of_many_addresses_those_idle_longest_are_forgotten(gateway):
    """16,384 clients without a connection are remembered; here they are what a proxy says."""
    gateway.trust("127.0.0.0/8")
    gateway.set("CLIENT_RATE", 1)
    gateway.set("CLIENT_BURST", 500)
    gateway.settle()
    with connect(gateway.sessions) as client:
        for _ in range(10):
            assert ask_for(client, [0] * 50) == [200] * 50
        before = gateway.pss_kib()
        for n in range(1, 16384, 64):
            ask_for(client, range(n, n + 64))
        assert gateway.pss_kib() - before < 5000
        assert ask_for(client, [0] * 50) == [200] * 50, "who has been forgotten has a full bucket"
        assert ask_for(client, [16383]) == [200]


# Slow ones.

def test_a_head_a_byte_at_a_time_is_cut_off_in_time(gateway):
    gateway.set("HEAD_MS", 1000)
    gateway.settle()
    began = time.monotonic()
    with connect(gateway.sessions) as client:
        client.settimeout(0.1)
        answer = b""
        while not answer and time.monotonic() < began + 8:
            client.sendall(b"G" if time.monotonic() == began else b"A")
            try:
                answer = client.recv(4096)
            except TimeoutError:
                pass
    assert status(answer) == 408 and time.monotonic() - began < 4


def drip(gateway, request, seconds=8):
    """Sends a byte every tenth of a second behind the request; the answer, and after how long it came."""
    began = time.monotonic()
    with connect(gateway.sessions) as client:
        client.sendall(request)
        client.settimeout(0.1)
        while time.monotonic() < began + seconds:
            try:
                answer = client.recv(4096)
                return answer, time.monotonic() - began
            except TimeoutError:
                client.sendall(b"x")
    return None, None


def test_a_body_that_drips_is_cut_off_and_one_that_is_only_slow_is_not(gateway):
    def talk(connection):
        head = read_head(connection)
        left = int(head.split(b"Content-Length: ")[1].split(b"\r\n")[0])
        while left:
            got = connection.recv(left)
            if not got:
                return
            left -= len(got)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    server = Server(talk)
    gateway.set("STALL_MS", 1000)
    gateway.set("PACE_MIN", 256)
    gateway.open("me", server.port)
    put = b"PUT /user/me/a HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
    answer, after = drip(gateway, put % 60)
    assert status(answer) == 408 and after < 4
    with connect(gateway.sessions) as client:
        client.sendall(put % 6000)
        for _ in range(12):
            client.sendall(b"x" * 500)
            time.sleep(0.25)
        assert status(read_all(client)) == 200, "500 bytes in a quarter of a second are above 256 in a second"


def test_chunks_that_drip_are_cut_off(gateway):
    server = Server(lambda c: (read_head(c), time.sleep(20)))
    gateway.set("STALL_MS", 1000)
    gateway.open("me", server.port)
    answer, after = drip(gateway, b"PUT /user/me/a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n")
    assert status(answer) == 408 and after < 4


def test_an_answer_that_is_taken_too_slowly_is_cut_off(gateway):
    server = Server(lambda c: (read_head(c), c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n"),
                               c.sendall(b"x" * 100_000_000)))
    gateway.set("STALL_MS", 1000)
    gateway.set("PACE_MIN", 100000)
    gateway.open("me", server.port)
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", gateway.sessions))
    client.sendall(GET % b"/user/me/")
    client.settimeout(5)
    began, taken = time.monotonic(), 0
    try:
        while time.monotonic() < began + 15:
            got = client.recv(1000)
            if not got:
                break
            taken += len(got)
            time.sleep(0.05)
    except ConnectionResetError:
        pass
    client.close()
    assert time.monotonic() - began < 14 and taken < 10_000_000


def test_a_server_that_is_slow_is_not_the_clients_fault(gateway):
    def talk(connection):
        read_head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 25\r\n\r\n")
        for _ in range(25):
            connection.sendall(b"x")
            time.sleep(0.1)
    server = Server(talk)
    gateway.set("STALL_MS", 500)
    gateway.open("me", server.port)
    assert raw(gateway.sessions, GET % b"/user/me/").endswith(b"x" * 25)


def test_a_server_that_thinks_behind_an_interim_answer_is_not_the_clients_fault(gateway):
    def talk(connection):
        read_head(connection)
        connection.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
        time.sleep(3)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    server = Server(talk)
    gateway.set("STALL_MS", 500)
    gateway.open("me", server.port)
    answer = raw(gateway.sessions, GET % b"/user/me/")
    assert status(answer) == 103 and b"\r\n\r\nHTTP/1.1 200 OK\r\n" in answer


def test_slow_heads_give_way_to_others_when_the_gateway_is_full(gateway):
    gateway.set("CONNECTIONS_MAX", 20)
    gateway.settle()
    slow = [connect(gateway.sessions) for _ in range(20)]
    for client in slow:
        client.sendall(b"GET / HT")
    time.sleep(1.1)
    assert asked_from("127.0.0.9", gateway) == 200
    gone, _, _ = select.select(slow, [], [], 5)
    assert gone and read_all(gone[0]) == b"", "for which one that had been at it for long is cut off"
    for client in slow:
        client.close()


# Behind proxies.

def seen(gateway, fields, kind="portal", where=None):
    """The identity that the daemon, or a container, is told for a request with these fields: {name: value}."""
    heads = []

    def talk(connection):
        heads.append(read_head(connection))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    server = Server(talk, None if kind == "sessions" else gateway.portal_path)
    if kind == "sessions":
        gateway.open("me", server.port)
    request = b"GET /user/me/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + fields + b"\r\n"
    assert status(raw(where or getattr(gateway, kind), request)) == 200
    server.close()
    lines = [line.split(b": ", 1) for line in heads[0].split(b"\r\n")[1:-2]]
    names = [name.lower().decode() for name, _ in lines]
    assert len(set(names)) == len(names), f"nothing is said twice: {names}"
    return {name.lower().decode(): value.decode() for name, value in lines}


@pytest.mark.parametrize("fields, address", [
    (b"", "127.0.0.1"),
    (b"X-Forwarded-For: 203.0.113.7\r\n", "203.0.113.7"),
    (b"X-Forwarded-For: 6.6.6.6, 203.0.113.7\r\n", "203.0.113.7"),
    (b"X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 203.0.113.7\r\n", "203.0.113.7"),
    (b"X-Forwarded-For: 6.6.6.6, 203.0.113.7, 10.0.0.4,10.9.9.9\r\n", "203.0.113.7"),
    (b"X-Forwarded-For: 10.0.0.4, 10.0.0.5\r\n", "10.0.0.4"),
    (b"X-Forwarded-For: 203.0.113.7:4711\r\n", "203.0.113.7"),
    (b"X-Forwarded-For: [2001:db8::7]:4711, 10.0.0.4\r\n", "2001:db8::7"),
    (b"X-Forwarded-For: 2001:db8::7\r\n", "2001:db8::7"),
    (b"X-Forwarded-For: unknown\r\n", "127.0.0.1"),
    (b"X-Forwarded-For: 6.6.6.6, <script>, 10.0.0.4\r\n", "10.0.0.4"),
    (b"X-Forwarded-For: 6.6.6.6,, 10.0.0.4\r\n", "10.0.0.4"),
    (b"X-Forwarded-For:\r\n", "127.0.0.1"),
    (b"X-Forwarded-For: [2001:db8::7\r\n", "127.0.0.1"),
    (b"X-Real-IP: 203.0.113.7\r\n", "203.0.113.7"),
    (b"X-Forwarded-For: 203.0.113.7\r\nX-Real-IP: 6.6.6.6\r\n", "203.0.113.7"),
    (b"X_Forwarded_For: 6.6.6.6\r\nX_Real_IP: 6.6.6.6\r\nForwarded: for=6.6.6.6\r\n", "127.0.0.1"),
])
def test_the_first_from_the_right_that_is_no_proxy_is_the_client(gateway, fields, address):
    gateway.trust("127.0.0.1/32", "10.0.0.0/8")
    told = seen(gateway, fields)
    assert told["x-forwarded-for"] == told["x-real-ip"] == address
    assert not any("_" in name for name in told) and "forwarded" not in told


def test_who_is_not_trusted_is_not_believed(gateway):
    gateway.trust("10.0.0.0/8", "2001:db8::/32", unix=True)
    told = seen(gateway, b"X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\n")
    assert told["x-forwarded-for"] == "127.0.0.1" and told["x-forwarded-proto"] == "http"
    assert "x-forwarded-host" not in told


@pytest.mark.parametrize("fields, scheme, host", [
    (b"X-Forwarded-Proto: https\r\nX-Forwarded-Host: hub.example.org:8443\r\n", "https", "hub.example.org:8443"),
    (b"X-Forwarded-Proto: HTTPS\r\n", "https", None),
    (b"X-Forwarded-Proto: gopher\r\n", "http", None),
    (b"X-Forwarded-Host: a\"b\r\n", "http", None),
    (b"X-Forwarded-Host: " + b"a" * 256 + b"\r\n", "http", None),
    (b"X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https, http\r\n", "http", None),
    (b"X-Forwarded-For: 203.0.113.7, 10.0.0.4\r\nX-Forwarded-Proto: https, http\r\n", "https", None),
    (b"X-Forwarded-For: 203.0.113.7, 10.0.0.4\r\nX-Forwarded-Proto: https\r\n", "https", None),
])
def test_scheme_and_host_are_what_the_outermost_proxy_says(gateway, fields, scheme, host):
    gateway.trust("127.0.0.1/32", "10.0.0.0/8")
    for kind in ("portal", "sessions"):
        told = seen(gateway, fields, kind)
        assert told["x-forwarded-proto"] == scheme and told.get("x-forwarded-host") == host
    assert "x-forwarded-for" not in told and "x-real-ip" not in told, "a container hears nobody's address"


def test_what_a_proxy_says_is_kept_while_the_daemon_is_away(gateway):
    gateway.trust("127.0.0.1/32")
    gateway.leave()
    assert seen(gateway, b"X-Forwarded-For: 203.0.113.7\r\n")["x-forwarded-for"] == "203.0.113.7"


def test_a_peer_on_a_unix_socket_is_believed_where_that_is_set(tmp_path):
    g = gw.Gateway(tmp_path, unix_portal=True)
    assert "x-forwarded-for" not in seen(g, b"X-Forwarded-For: 203.0.113.7\r\n")
    g.trust(unix=True)
    assert seen(g, b"X-Forwarded-For: 203.0.113.7\r\n")["x-forwarded-for"] == "203.0.113.7"
    assert g.stop()


def test_the_door_believes_nobody(gateway):
    gateway.trust(unix=True)
    assert seen(gateway, b"X-Forwarded-Proto: https\r\n", "sessions", gateway.door)["x-forwarded-proto"] == "http"


def test_limits_are_those_of_the_client_behind_the_proxy(gateway):
    gateway.trust("127.0.0.1/32")
    gateway.set("CLIENT_RATE", 1)
    gateway.set("CLIENT_BURST", 2)
    gateway.set("CLIENT_CONNECTIONS", 1)
    gateway.settle()

    def ask(address):
        return status(raw(gateway.sessions, b"GET /hub/api/health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                                            b"X-Forwarded-For: %s\r\n\r\n" % address))
    assert [ask(b"203.0.113.7") for _ in range(3)] == [200, 200, 429]
    assert ask(b"203.0.113.8") == 200
    # A subscriber has 64 bits of IPv6.
    assert [ask(b"2001:db8:0:1::%d" % n) for n in range(3)] == [200, 200, 429]
    assert ask(b"2001:db8:0:2::1") == 200
    with connect(gateway.sessions) as one, connect(gateway.sessions) as two:
        assert keep_asking(one, 9) == [200] * 9 and keep_asking(two, 1) == [200], "the proxy itself has no limit"
