"""The fake engine (tests/fake/engine.py) as a process, and what a test tells it and asks of it."""
import http.client
import json
import socket
import subprocess
import time
from pathlib import Path

from .appliance import TOP

START_LIMIT_S = 20
BASES = ("ringbinder/debian:1", "ringbinder/stub:1")


class _Connection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("engine", timeout=30)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class FakeEngine:
    """Context manager. `settings` are what an appliance needs to use it."""

    def __init__(self, folder):
        self.socket = Path(folder) / "engine.sock"
        self.process = None
        self.settings = {"engine_socket": self.socket}

    def __enter__(self):
        self.socket.parent.mkdir(parents=True, exist_ok=True)
        self.process = subprocess.Popen(["/usr/bin/python3", str(TOP / "tests/fake/engine.py"), str(self.socket)])
        deadline = time.monotonic() + START_LIMIT_S
        while True:
            try:
                self.ask("GET", "/_ping")
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
        root = self.socket.parent / "root"
        (root / "buildkit/executor").mkdir(parents=True, exist_ok=True)  # where the commands of build steps would be
        self.tell(set_info={"CgroupDriver": "cgroupfs", "DockerRootDir": str(root)})
        for name in BASES:
            self.tell(image=name, labels={})
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def ask(self, method, path, body=None):
        connection = _Connection(self.socket)
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            return connection.getresponse().read()
        finally:
            connection.close()

    def tell(self, **order):
        """An order, as engine.py's first lines have them."""
        self.ask("POST", "/fake", order)

    def requests(self):
        return self.ask("GET", "/fake").decode().splitlines()

    def state(self):
        return json.loads(self.ask("GET", "/fake/state"))

    def containers(self):
        """Name -> state."""
        return self.state()["containers"]

    def left(self, instance):
        """What an instance has left here."""
        state = self.state()
        return [name for name in [*state["containers"], *state["networks"]] if instance in name]

    def stall(self, line, name="stall", when="before", after=0):
        """The next request that begins so, once `after` others have passed, is not answered until it is released."""
        self.tell(fault=line, stall=name, when=when, after=after)

    def wait_stalled(self, name="stall"):
        """Until somebody stalls there; False after 10 s."""
        return name in json.loads(self.ask("GET", f"/fake/state?stalled={name}"))["stalled"]

    def release(self, name="stall", do=False):
        self.tell(release=name, do=do)
