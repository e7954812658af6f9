"""The servers in the fake engine's containers: each at an address of loopback of its own, as a small Jupyter server."""
# SPDX-License-Identifier: BSD-3-Clause
import json
import random
import selectors
import socket
import threading

PORT = 8888
HEAD_MAX = 64 << 10
BASE_URL = "--NotebookApp.base_url="


class Server:
    """One container's. `silent`: it takes connections and says nothing."""

    def __init__(self, base, silent):
        self.base, self.silent = base, silent
        self.connections = set()
        self.socket, self.address = listen()


def listen():
    """A listening socket at an address that nobody else has, other fake engines included, and that address."""
    for _ in range(1000):
        address = f"127.{random.randrange(64, 128)}.{random.randrange(256)}.{random.randrange(1, 255)}"
        one = socket.socket()
        try:
            one.bind((address, PORT))
        except OSError:
            one.close()
            continue
        one.listen(64)
        one.setblocking(False)
        return one, address
    raise RuntimeError("there is no free address with port 8888 on loopback")


def base_of(container):
    words = container["Config"].get("Cmd") or []
    return next((word[len(BASE_URL):] for word in words if word.startswith(BASE_URL)), "/")


class Servers:
    """All of them, in one thread. `asked(line)` is told "SERVE /user/.../api" and gives the fault that it meets."""

    def __init__(self, state):
        self.state = state
        self.lock = threading.Lock()
        self.selector = selectors.DefaultSelector()
        self.wake, self.waker = socket.socketpair()
        self.selector.register(self.wake, selectors.EVENT_READ)
        self.orders, self.servers = [], {}
        threading.Thread(target=self.run, daemon=True).start()

    # ---- from the engine's threads ----

    def start(self, container, silent):
        """The address at which it is listened to from now on."""
        server = Server(base_of(container), silent)
        self.order(("start", container["Id"], server))
        return server.address

    def stop(self, container):
        self.order(("stop", container["Id"], None))

    def order(self, what):
        with self.lock:
            self.orders.append(what)
        self.waker.send(b"x")

    # ---- the thread ----

    def run(self):
        while True:
            for key, _ in self.selector.select():
                if key.fileobj is self.wake:
                    self.take_orders()
                elif key.data[1] is None:
                    self.accept(key.data[0])
                else:
                    self.read(key.fileobj, *key.data)

    def take_orders(self):
        self.wake.recv(4096)
        with self.lock:
            orders, self.orders = self.orders, []
        for what, container, server in orders:
            if what == "start":
                self.servers[container] = server
                self.selector.register(server.socket, selectors.EVENT_READ, (server, None))
            else:
                server = self.servers.pop(container, None)
                for one in [server.socket, *server.connections] if server else []:
                    self.close(one)

    def close(self, one):
        try:
            self.selector.unregister(one)
        except (KeyError, ValueError):
            return  # closed already
        one.close()

    def accept(self, server):
        try:
            connection, _ = server.socket.accept()
        except OSError:
            return
        connection.setblocking(False)
        server.connections.add(connection)
        self.selector.register(connection, selectors.EVENT_READ, (server, bytearray()))

    def read(self, connection, server, got):
        try:
            part = connection.recv(HEAD_MAX)
        except OSError:
            part = b""
        got += part
        if not part or len(got) > HEAD_MAX:
            server.connections.discard(connection)
            return self.close(connection)
        while b"\r\n\r\n" in got and not server.silent:
            head, _, rest = bytes(got).partition(b"\r\n\r\n")
            got[:] = rest
            self.serve(connection, server, head.split(b" ")[1].decode().partition("?")[0])
        return None

    def serve(self, connection, server, path):
        fault = self.state.asked(f"SERVE {path}")
        if fault and fault.stall:
            threading.Thread(target=self.later, args=(connection, server, path, fault), daemon=True).start()
        elif fault and fault.status == 0:
            connection.shutdown(socket.SHUT_RDWR)
        else:
            send(connection, *(answer(server, path) if not fault or fault.status is None
                               else (fault.status, fault.body or "")))

    def later(self, connection, server, path, fault):
        if self.state.stall(fault.stall):
            send(connection, *answer(server, path))


def answer(server, path):
    if not path.startswith(server.base):
        return 404, ""
    name = path[len(server.base):]
    known = {"api": {"version": "2.0"}, "api/kernels": [],
             "api/status": {"connections": 0, "kernels": 0, "started": "", "last_activity": ""}}
    return (200, json.dumps(known[name])) if name in known else (200, "a page")


def send(connection, status, body):
    try:
        connection.sendall(f"HTTP/1.1 {status} .\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
                           f"{body}".encode())
    except OSError:
        pass  # who asked has gone
