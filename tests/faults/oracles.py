"""The five oracles of a fault: what a visitor reads, /health, what is left behind, who else runs, the journal."""
import http.client
import json
import os
import re
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

from e2e_fixtures import STUB, nothing_left
from ringbinder import engine
from ringbinder.appliance import SHORT_DELAYS, Appliance
from ringbinder.launch import events_of, launch, spec
from ringbinder.notebook import Session

LEFT_LIMIT_S = 20      # how long what a fault has begun may take to be gone
MEMORY_KIB = 32 << 10  # what the daemon's memory may grow by, at its peak, over all faults of a group
DESCRIPTORS = 10       # connections to the engine and to the portal that are kept for the next request
UNPRINTABLE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")


def processes_of(uid):
    """{pid: command line} of the processes that run as `uid`; who is dead and waits for its parent runs no more."""
    found = {}
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and folder.stat().st_uid == uid:
                command, state = (folder / "cmdline").read_bytes(), (folder / "stat").read_text().rpartition(")")[2]
                if state.split()[0] not in "ZX":
                    found[int(folder.name)] = command.replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            pass  # it has just ended
    return found


def descriptors(pid):
    """What is open, but for the logs of the builds that ended last: those are kept for who comes late, 32 at most."""
    found = []
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            found.append(os.readlink(f"/proc/{pid}/fd/{fd}"))
        except OSError:
            pass  # it has just been closed
    return len([target for target in found if not re.search("/builds/log-", target)])


def peak_kib(pid):
    return int(re.search(r"^VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(), re.M)[1])


def wait_until(true, limit_s, step_s=0.05):
    deadline = time.monotonic() + limit_s
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(step_s)
    return True


def says_well(portal):
    """What /health says."""
    try:
        with urllib.request.urlopen(portal + "/health", timeout=20) as answer:
            return answer.status == 200 and json.loads(answer.read())["ok"]
    except urllib.error.HTTPError:
        return False


class Failed:
    """How a launch ended: the last event's message, all events, seconds, and the journal's lines of that time."""

    def __init__(self, events, seconds, journal):
        self.message, self.events = events[-1]["message"], events
        self.seconds, self.journal = seconds, journal
        self.log = "".join(e.get("message", "") for e in events[:-1])


class Faults:
    """An appliance to which faults are done, and a bystander: a session that has nothing to do with them."""

    def __init__(self, folder, server, fetch_ports=(), **settings):
        self.appliance = Appliance(folder, [server.port, *fetch_ports], **{**SHORT_DELAYS, **settings})
        self.server = server
        self.lock = threading.Lock()

    def __enter__(self):
        self.appliance.start()
        try:
            return self.look()
        except Exception:
            self.appliance.stop()
            raise

    def look(self):
        """What is there before the faults."""
        name = f"bystander-{self.appliance.folder.name}"
        self.server.repository(name, {"Dockerfile": STUB})
        self.bystander = launch(self.appliance.portal, self.server.url(name))
        self.container = self.containers()
        self.before = self.state()
        return self

    def __exit__(self, kind, *_):
        instance, uid = self.appliance.instance(), int(self.appliance.settings["fetch_uid"])
        self.appliance.stop()
        left = nothing_left(instance)
        if kind is None:
            assert left == []
            assert not processes_of(uid), processes_of(uid)

    def containers(self):
        return sorted(c["Id"] for c in engine.of_instance("containers", self.appliance.instance()))

    def state(self):
        daemon, gateway = self.appliance.pid_of("ringbinderd"), self.appliance.pid_of("ringbinder-gateway")
        return {"daemon": daemon, "gateway": gateway, "peak": peak_kib(daemon),
                "descriptors": {daemon: descriptors(daemon), gateway: descriptors(gateway)}}

    def health(self):
        return says_well(self.appliance.portal)

    def bystander_answers(self):
        return Session(self.bystander).json("api")["version"] != ""

    def others_are_well(self):
        """Oracles b and d: the machine has nothing, so /health says so; the session answers from its container."""
        assert self.health(), "/health says that something is wrong, and nothing is"
        assert self.bystander_answers()
        assert self.container[0] in self.containers()

    def fails(self, url, code, ref="HEAD", limit_s=60, headers=None):
        """Oracles a, b, d and e of a launch that has to fail: in words, in time, with `code` in the journal."""
        place = len(self.appliance.journal())
        begin = time.monotonic()
        events = events_of(self.appliance.portal, f"/build/git/{spec(url, ref)}", headers, timeout=limit_s + 5)
        seconds = time.monotonic() - begin
        assert [e.get("phase") for e in events].count("failed") == 1, events[-3:]
        assert events[-1]["phase"] == "failed" and len(events[-1]["message"].split()) > 3, events[-1]
        assert seconds < limit_s, f"{seconds:.1f} s"
        assert not UNPRINTABLE.search(events[-1]["message"]), events[-1]  # a log may be coloured, a sentence not
        ended = Failed(events, seconds, self.appliance.journal()[place:])
        assert re.search(rf"RB({code}) ", ended.journal), (ended.message, ended.journal[-2000:])
        self.others_are_well()
        return ended

    def ready(self, url, ref="HEAD"):
        """A launch that has nothing to do with a fault; its session goes on until the appliance's end."""
        return launch(self.appliance.portal, url, ref)

    def end_sessions(self):
        """All but the bystander's."""
        for one in self.containers():
            if one not in self.container:
                engine.ask("DELETE", f"/containers/{one}?force=1")

    @staticmethod
    def says_gone(ready):
        try:
            return Session(ready).ask("api")[0] in (410, 424)
        except (OSError, http.client.HTTPException):
            return False  # its server has just died under this request

    def swept(self):
        """Waits until a sweep has put a session that we remove by hand away: its route is closed."""
        ready = self.ready(self.server.url(f"bystander-{self.appliance.folder.name}"))
        mine = [c for c in engine.of_instance("containers", self.appliance.instance())
                if c["Image"] == ready["image"] and c["Id"] not in self.container]
        for container in mine:
            engine.ask("DELETE", f"/containers/{container['Id']}?force=1")
        assert mine, "its container is not where it was"
        assert wait_until(lambda: self.says_gone(ready), 8), "nobody noticed that a container was removed"

    def nothing_left(self):
        """Oracle c, once after all faults of a group: processes, containers, descriptors, memory; nobody was restarted."""
        self.end_sessions()
        uid = int(self.appliance.settings["fetch_uid"])
        assert wait_until(lambda: not processes_of(uid), LEFT_LIMIT_S), processes_of(uid)
        assert wait_until(lambda: self.containers() == self.container, LEFT_LIMIT_S), self.containers()
        few = wait_until(lambda: all(count <= self.before["descriptors"].get(pid, 0) + DESCRIPTORS
                                     for pid, count in self.state()["descriptors"].items()), LEFT_LIMIT_S)
        now = self.state()
        assert (now["daemon"], now["gateway"]) == (self.before["daemon"], self.before["gateway"]), "one was restarted"
        assert few, (self.before["descriptors"], now["descriptors"])
        assert now["peak"] - self.before["peak"] < MEMORY_KIB, (self.before["peak"], now["peak"])
