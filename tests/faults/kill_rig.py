"""An appliance whose programs are killed where a test holds them or at random; and what has to be true after that."""
import contextlib
import http.client
import sqlite3
import subprocess
import threading
import uuid
from pathlib import Path

from oracles import processes_of, wait_until
from ringbinder import engine
from ringbinder.appliance import SHORT_DELAYS, Appliance
from ringbinder.gate import Gate
from ringbinder.launch import build_path, follow
from ringbinder.notebook import Session

AGREE_LIMIT_S = 15  # how long the sweeper may take until rows and engine say the same
STUB = "FROM ringbinder/stub:1\n"


class Docker:
    """The machine's engine, asked what FakeEngine is asked."""

    settings = {}

    @staticmethod
    def containers():
        return {one["Names"][0].lstrip("/"): one["State"] for one in engine.ask("GET", "/containers/json?all=1")[1]}

    @staticmethod
    def left(instance):
        engine.remove_images(instance)
        left = [(one["Names"], one["State"]) for one in engine.of_instance("containers", instance)]
        return left + [one["Name"] for one in engine.of_instance("networks", instance) if not miscounted(one)]


def miscounted(network):
    """Engine 20.10 sometimes counts a container too many on a network (moby issue 42119), and removes that network only
    once it was restarted, when it counts anew. So it does without us: twice in 300 containers that a script made, started
    and removed, six at a time, on a busy machine. Who asks is told so in the journal."""
    path = f"/networks/{network['Id']}"
    status, said = engine.ask("DELETE", path)
    return status == 403 and "active endpoints" in str(said) and engine.ask("GET", path)[1]["Containers"] == {}


class Rig:
    """Context manager: an appliance in `folder` on an engine (FakeEngine, or Docker), its git server behind a gate, a
    bystander's session."""

    def __init__(self, folder, on, server, **settings):
        self.engine, self.server = on, server
        self.gate = Gate(server.port)
        self.appliance = Appliance(folder, [self.gate.port],
                                   **{**SHORT_DELAYS, "sweep": "200ms", **on.settings, **settings})
        self.clients = []

    def __enter__(self):
        self.appliance.start()
        self.bystander = self.launch(self.repository({"Dockerfile": STUB}))
        return self

    def __exit__(self, kind, *_):
        self.gate.open()
        instance = self.appliance.instance()
        code = self.appliance.stop()
        self.gate.close()
        if kind is None:
            journal = self.appliance.journal()
            assert self.engine.left(instance) == [], (code, journal[-3000:])
            assert code == 0 or "has active endpoints" in journal[-1000:], journal[-3000:]
            tables = subprocess.run(["nft", "list", "tables"], capture_output=True, text=True, check=True).stdout
            assert f"ringbinder_{instance}" not in tables, "the table of nftables was left at the end"
            assert not self.fetches(), self.fetches()

    # ---- launches ----

    def repository(self, files):
        """The path of a launch of a commit nobody has seen: a full one, which is not asked for."""
        name = f"r{uuid.uuid4().hex[:12]}"
        made = self.server.repository(name, files)
        return build_path(f"git://127.0.0.1:{self.gate.port}/{name}/.git", made.head)

    def launch(self, path):
        return follow(self.appliance.portal, path)[-1]

    def launch_behind(self, path):
        """A client that comes back with its event's id; client.events once it has ended."""
        client = Client(self.appliance.portal, path)
        self.clients.append(client)
        return client

    def fetches(self):
        return processes_of(int(self.appliance.settings["fetch_uid"]))

    # ---- rows ----

    def rows(self, query):
        path = f"file:{self.appliance.state}/ringbinder.db?mode=ro"
        with contextlib.closing(sqlite3.connect(path, uri=True)) as store:
            return store.execute(query).fetchall()

    def newest_step(self, table):
        found = self.rows(f"SELECT step FROM {table} ORDER BY created DESC, rowid DESC LIMIT 1")
        return found[0][0] if found else None

    # ---- what must be true ----

    def kill(self):
        dead = self.appliance.kill_daemon()
        assert wait_until(lambda: self.appliance.pid_of("ringbinderd") != dead, 5), "it survived kill -9"
        return dead

    def back(self, dead):
        self.appliance.wait_for_daemon(other_than=dead)

    def containers(self):
        instance = self.appliance.instance()
        return {name.rpartition("-")[2]: state for name, state in self.engine.containers().items() if instance in name}

    def wanted(self):
        """Containers of sessions that have not ended, by the rows."""
        return {row[0].lower() for row in self.rows(
            "SELECT hex(c.id) FROM container c JOIN session s ON c.session = s.id WHERE s.ended = 0 AND c.ended = 0")}

    def agree(self):
        there = self.containers()
        return set(there) == self.wanted() and set(there.values()) <= {"running"}

    def ended_well(self):
        """Each client's launch has ended once, rows and engine agree, no session has two containers, everybody who was
        promised a server has one, and nothing goes on."""
        for client in self.clients:
            client.join()
            ends = [event["phase"] for event in client.events if event.get("phase") in ("ready", "failed")]
            assert len(ends) == 1, client.events[-3:]
        agree = wait_until(self.agree, AGREE_LIMIT_S)
        assert agree, (self.containers(), self.wanted(), self.appliance.journal()[-3000:])
        doubled = self.rows("SELECT session FROM container WHERE ended = 0 GROUP BY session HAVING count(*) > 1")
        assert doubled == []
        for table in "launch", "build":  # a build whose client was served by the image goes on to its end
            assert wait_until(lambda of=table: self.rows(f"SELECT count(*) FROM {of} WHERE ended = 0") == [(0,)],
                              AGREE_LIMIT_S), f"a {table} goes on"
        unclaimed = self.rows("SELECT name FROM session WHERE ended = 0 AND id NOT IN"
                              " (SELECT session FROM launch WHERE state = 'ready')")
        assert unclaimed == [], "a server that no launch led to"
        ready = [client.events[-1] for client in self.clients if client.events[-1]["phase"] == "ready"]
        for one in [self.bystander, *ready]:
            assert wait_until(lambda of=one: answers(of), AGREE_LIMIT_S), "who was promised a server has none"


def answers(ready):
    with contextlib.suppress(OSError, http.client.HTTPException):
        return Session(ready).ask("api", timeout=5)[0] == 200
    return False


class Client(threading.Thread):
    def __init__(self, portal, path):
        super().__init__(daemon=True)
        self.portal, self.path, self.events, self.error = portal, path, [], None
        self.start()

    def run(self):
        try:
            self.events = follow(self.portal, self.path, limit_s=60)
        except Exception as error:  # told to who waits for it
            self.error = error

    def join(self, timeout=None):
        super().join(timeout)
        if self.error:
            raise self.error
