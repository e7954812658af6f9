"""What the fake engine keeps: containers, networks, images, events, and the faults that a test has ordered."""
# SPDX-License-Identifier: BSD-3-Clause
import fnmatch
import json
import threading

FAR = 3600  # seconds: "does not answer"
REQUESTS_MAX = 1000  # that are remembered
EVENTS_MAX = 1000


class Fault:
    """What happens to requests whose "METHOD path" begins with `line`, in which * stands for any text: to `times` of
    them, once `after` have passed."""

    def __init__(self, order):
        self.line, self.times, self.after = order["fault"], order.get("times", 1), order.get("after", 0)
        self.delay, self.status = order.get("delay", 0), order.get("status")
        self.body, self.message = order.get("body"), order.get("message", "")
        self.stall, self.done_first = order.get("stall"), order.get("when") == "after"

    def takes(self, line):
        if not self.times or not fnmatch.fnmatchcase(line, self.line + "*"):
            return False
        if self.after:
            self.after -= 1
            return False
        self.times -= 1
        return True


class State:
    def __init__(self):
        self.lock = threading.Condition()
        self.version = {"ApiVersion": "1.41", "MinAPIVersion": "1.12", "Version": "20.10.24",
                        "Components": [{"Name": "Engine"}]}
        self.info = {"InitBinary": "docker-init", "CgroupVersion": "2"}
        self.containers, self.networks, self.images = {}, {}, {}
        self.faults, self.requests, self.counts = [], [], {}
        self.events, self.events_gone = [], 0  # gone: how many older ones are not kept
        self.telling = "all"  # or "silent": streams stay open and nothing is said; or "lost": fresh ones are dropped
        self.eras = 0  # of event streams: those of an older one are closed
        self.stalled = {}  # name -> how many wait
        self.released = {}  # name -> whether what was asked is done all the same
        self.servers = "answer"  # of containers that start now; or "silent", "absent", "exit"
        self.made = 0

    def next_id(self):
        self.made += 1
        return f"{self.made:064x}"

    # ---- requests and faults ----

    def asked(self, line):
        """Notes a request; the fault that it meets, or None."""
        with self.lock:
            self.requests.append(line)
            del self.requests[:-REQUESTS_MAX]
            kind = kind_of(line)
            self.counts[kind] = self.counts.get(kind, 0) + 1
            return next((fault for fault in self.faults if fault.takes(line)), None)

    def stall(self, name):
        """Waits until the test releases `name`; whether what was asked is to be done."""
        with self.lock:
            self.stalled[name] = self.stalled.get(name, 0) + 1
            self.lock.notify_all()
            self.lock.wait_for(lambda: name in self.released, FAR)
            self.stalled[name] -= 1
            self.lock.notify_all()
            return self.released.get(name, False)

    def release(self, name, do):
        self.released[name] = do
        self.faults = [fault for fault in self.faults if fault.stall != name]
        self.lock.notify_all()

    # ---- events ----

    def event(self, action, container):
        if self.telling == "lost":
            return
        self.events.append({"Type": "container", "Action": action,
                            "Actor": {"ID": container["Id"], "Attributes": container["Config"].get("Labels") or {}}})
        over = len(self.events) - EVENTS_MAX
        if over > 0:
            del self.events[:over]
            self.events_gone += over
        self.lock.notify_all()

    def events_end(self):
        return self.events_gone + len(self.events)

    def events_since(self, place):
        return self.events[max(0, place - self.events_gone):]

    # ---- images ----

    def image(self, name):
        """By a name, with or without its tag, or by an id."""
        found = self.images.get(name) or self.images.get(f"{name}:latest")
        return found or next((image for image in self.images.values() if image["Id"] == name), None)

    def add_image(self, name, labels):
        image = {"Id": f"sha256:{self.next_id()}", "Size": 1000, "Config": {"Labels": labels}}
        self.images[name or image["Id"]] = image
        return image

    # ---- what a test sees ----

    def shown(self):
        return {"containers": {name: container["State"]["Status"] for name, container in self.containers.items()},
                "networks": sorted(self.networks), "images": sorted(self.images),
                "stalled": {name: count for name, count in self.stalled.items() if count},
                "counts": self.counts}


def kind_of(line):
    """"POST /containers/rb-.../start?t=2" is one of the kind "POST /containers/*/start"."""
    method, _, path = line.partition(" ")
    parts = path.partition("?")[0].strip("/").split("/")
    if len(parts) > 1 and parts[1] not in ("json", "create"):
        parts = [parts[0], "*", *([parts[-1]] if len(parts) > 2 else [])]
    return f"{method} /{'/'.join(parts)}"


def listed(container):
    """As GET /containers/json has it."""
    return {"Id": container["Id"], "Names": [container["Name"]], "Labels": container["Config"].get("Labels"),
            "State": container["State"]["Status"], "NetworkSettings": container["NetworkSettings"],
            "Image": container["Config"]["Image"],
            "Status": f"Exited ({container['State']['ExitCode']}) 2 seconds ago"}


def wanted_label(query):
    """(name, value) of the one label that a listing asks for, or None."""
    labels = json.loads(query.get("filters", "{}")).get("label", [])
    return tuple(labels[0].split("=", 1)) if labels else None
