"""A door in front of a TCP server on loopback: while it is closed, who comes in waits there."""
import contextlib
import socket
import threading

WAIT_S = 60


class Gate:
    def __init__(self, port):
        self.target = port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.opened, self.held = threading.Event(), threading.Event()
        self.opened.set()
        threading.Thread(target=self._accept, daemon=True).start()

    def shut(self):
        self.held.clear()
        self.opened.clear()

    def open(self):
        self.opened.set()

    def close(self):
        self.listener.close()

    def wait_held(self, limit_s=10):
        """Whether somebody waits."""
        return self.held.wait(limit_s)

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client = self.listener.accept()[0]
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        if not self.opened.is_set():
            self.held.set()
        with client, contextlib.suppress(OSError):
            if not self.opened.wait(WAIT_S):
                return
            with socket.create_connection(("127.0.0.1", self.target)) as server:
                back = threading.Thread(target=_pass, args=(server, client), daemon=True)
                back.start()
                _pass(client, server)
                back.join()


def _pass(source, sink):
    with contextlib.suppress(OSError):
        while part := source.recv(65536):
            sink.sendall(part)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
