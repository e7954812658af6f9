"""The two ends of a conversation through the gateway: what a client sends and a server that answers."""
import socket
import threading
from pathlib import Path

# A server becomes a WebSocket.
GRANT = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
GET = b"GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


def status(answer):
    return int(answer.split(b" ", 2)[1]) if answer else None


class Server:
    """A container's server: `talk(connection)` for each connection, in a thread of its own."""

    def __init__(self, talk, path=None):
        if path:
            Path(path).unlink(missing_ok=True)
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.bind(str(path))
            self.socket.listen(64)
        else:
            self.socket = socket.create_server(("127.0.0.1", 0), backlog=64)
            self.port = self.socket.getsockname()[1]
        self.talk, self.count, self.connections = talk, 0, []
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.count += 1
            self.connections.append(connection)
            threading.Thread(target=self.one, args=(connection,), daemon=True).start()

    def one(self, connection):
        try:
            self.talk(connection)
        except OSError:
            pass
        connection.close()

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        for connection in self.connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            connection.close()


def echo_websocket(connection):
    """A Server's talk: grants a WebSocket and says what it hears."""
    read_head(connection)
    connection.sendall(GRANT)
    while (got := connection.recv(100)):
        connection.sendall(got)


def read_head(connection):
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = connection.recv(1)
        if not byte:
            return head
        head += byte
    return head


def says(body, close=False):
    """A server that answers every request with `body`."""
    def talk(connection):
        while read_head(connection):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
            if close:
                connection.close()
                return
    return talk
