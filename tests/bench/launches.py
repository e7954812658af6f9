"""What a launch, a build and an idle appliance cost, against the engine asked by hand."""
import http.client
import io
import json
import statistics
import tarfile
import time
import uuid

from ringbinder import engine
from ringbinder.appliance import Appliance
from ringbinder.launch import launch
from ringbinder.repository import GitServer

POLL_S = 0.005  # as often as ours asks at first (decisions 21)
STUB = "FROM ringbinder/stub:1\n"
NOTEBOOK = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


class Rig:
    """An appliance and a git server; containers that we start by hand get what ours gets."""

    def __init__(self, folder):
        self.git = GitServer(folder / "git")
        self.appliance = Appliance(folder / "appliance", [self.git.port], linger="1s", resolve_keep="0ms")
        self.appliance.start()
        self.template = None

    def launch(self, name, ref="HEAD"):
        """Seconds from click to `ready`; the session is ended before the next one starts."""
        ready = launch(self.appliance.portal, self.git.url(name), ref)
        self._end(ready)
        return ready["seconds"]

    def _end(self, ready):
        """Remembers how ours makes its containers, then removes this one: the next launch finds an empty machine."""
        for container in engine.of_instance("containers", self.appliance.instance()):
            self.template = self.template or engine.ask("GET", f"/containers/{container['Id']}/json")[1]
            engine.ask("DELETE", f"/containers/{container['Id']}?force=1")

    def by_hand(self, image):
        """Seconds of the engine's floor: create, start, and the server's first 200 at the container's own address."""
        config, host = self.template["Config"], self.template["HostConfig"]
        begin = time.monotonic()
        made = engine.ask("POST", f"/containers/create?name=rb-bench-{uuid.uuid4().hex[:12]}",
                          {"Image": image, "Cmd": config["Cmd"], "Env": config["Env"], "User": config["User"],
                           "HostConfig": host})[1]
        engine.ask("POST", f"/containers/{made['Id']}/start")
        networks = engine.ask("GET", f"/containers/{made['Id']}/json")[1]["NetworkSettings"]["Networks"]
        address = next(iter(networks.values()))["IPAddress"]
        path = next(a.split("=", 1)[1] for a in config["Cmd"] if "base_url=" in a) + "api"
        while not self._answers(address, path):
            time.sleep(POLL_S)
        seconds = time.monotonic() - begin
        engine.ask("DELETE", f"/containers/{made['Id']}?force=1")
        return seconds

    @staticmethod
    def _answers(address, path):
        connection = http.client.HTTPConnection(address, 8888, timeout=1)
        try:
            connection.request("GET", path)
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        instance = self.appliance.instance()
        self.appliance.stop()
        self.git.stop()
        engine.remove_images(instance)


def quartiles(values):
    low, middle, high = statistics.quantiles(values, n=4)
    return {"low": round(low, 3), "median": round(middle, 3), "high": round(high, 3)}


def launch_overhead(folder, quick=False):
    """Decisions 38: alternating pairs, the median of the differences; what a branch's resolution adds stands beside."""
    with Rig(folder) as rig:
        repository = rig.git.repository("stub", {"Dockerfile": STUB})
        rig.launch("stub")
        image = rig.template["Config"]["Image"]
        ours, floor, resolved = [], [], []
        for _ in range(4 if quick else 40):
            ours.append(1000 * rig.launch("stub", repository.head))
            floor.append(1000 * rig.by_hand(image))
            resolved.append(1000 * rig.launch("stub", "main"))
    differences = [a - b for a, b in zip(ours, floor)]
    return {"ours": statistics.median(ours), "peer": statistics.median(floor), "value": statistics.median(differences),
            "bar": 60, "unit": "ms above the engine's floor", "quartiles": quartiles(differences),
            "resolve_ms": statistics.median(a - b for a, b in zip(resolved, ours)),
            "note": f"a branch adds {statistics.median(a - b for a, b in zip(resolved, ours)):.0f} ms"}


def notebook_commit(folder, quick=False):
    """Decisions 39: no postBuild, under 1 MB; a launch of what is there is the peer."""
    with Rig(folder) as rig:
        repository = rig.git.repository("notebooks", {"requirements.txt": "", "a.ipynb": json.dumps(NOTEBOOK)})
        rig.launch("notebooks")
        changed, plain = [], []
        for n in range(2 if quick else 9):
            repository.commit({"a.ipynb": json.dumps({**NOTEBOOK, "metadata": {"n": n}})})
            changed.append(rig.launch("notebooks", repository.head))
            plain.append(rig.launch("notebooks", repository.head))
    differences = [a - b for a, b in zip(changed, plain)]
    return {"ours": statistics.median(changed), "peer": statistics.median(plain),
            "value": statistics.median(differences), "bar": 1.5, "unit": "s above a launch",
            "quartiles": quartiles(differences)}


def tar_of(files):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    return stream.getvalue()


def pip_build(requirements):
    """Seconds of an image build with pip, as one would write it by hand; nothing of it is cached."""
    dockerfile = ("FROM ringbinder/debian:1\nCOPY requirements.txt /tmp/\nUSER 1000\n"
                  "RUN pip install --no-cache-dir -r /tmp/requirements.txt\n")
    begin = time.monotonic()
    status, text = engine.ask("POST", "/build?version=2&nocache=1&t=ringbinder-bench/pip:1",
                              tar_of({"Dockerfile": dockerfile, "requirements.txt": requirements}), timeout=900)
    if status != 200 or b'"errorDetail"' in text:
        raise RuntimeError(f"pip's build failed: {text[-500:]!r}")
    return time.monotonic() - begin


def debian_lane(folder, quick=False):
    """Decisions 41: a never-seen requirements.txt, click to `ready`, against pip in a RUN and a launch."""
    with Rig(folder) as rig:
        rig.git.repository("base", {"requirements.txt": "", "a.ipynb": json.dumps(NOTEBOOK)})
        rig.launch("base")
        ours, peer = [], []
        for n in range(1 if quick else 3):
            requirements = f"# never seen: {uuid.uuid4()}\nnumpy\npandas\nmatplotlib\n"
            rig.git.repository(f"science{n}", {"requirements.txt": requirements, "a.ipynb": json.dumps(NOTEBOOK)})
            ours.append(rig.launch(f"science{n}"))
            peer.append(pip_build(requirements) + rig.by_hand("ringbinder-bench/pip:1"))
            engine.ask("DELETE", "/images/ringbinder-bench/pip:1?force=1")
    return {"ours": statistics.median(ours), "peer": statistics.median(peer),
            "ratio": statistics.median(a / b for a, b in zip(ours, peer)), "bar": 0.5, "unit": "s, click to ready"}


def idle_memory(folder, quick=False):
    """Proportional set size of daemon and gateway, after a launch has come and gone."""
    with Rig(folder) as rig:
        rig.git.repository("stub", {"Dockerfile": STUB})
        rig.launch("stub")
        time.sleep(2 if quick else 60)
        sizes = rig.appliance.memory_kib()
        programs = {name: sizes[rig.appliance.pid_of(name)] / 1024 for name in ("ringbinderd", "ringbinder-gateway")}
    total = sum(programs.values())
    return {"ours": total, "peer": None, "value": total, "bar": 15, "unit": "MB",
            "note": ", ".join(f"{name} {size:.1f}" for name, size in programs.items())}
