"""What a launch, a build and an idle appliance cost, against the engine asked by hand."""
import http.client
import io
import json
import os
import re
import statistics
import tarfile
import threading
import time
import urllib.request
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ringbinder import engine
from ringbinder.appliance import Appliance, pss_kib
from ringbinder.launch import launch
from ringbinder.repository import GitServer

POLL_S = 0.005  # as often as ours asks at first (decisions 21)
EIGHT = 8
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
        self.end_all()
        return ready["seconds"]

    def end_all(self):
        """Remembers how ours makes its containers, then removes them: the next launch finds an empty machine."""
        for container in engine.of_instance("containers", self.appliance.instance()):
            self.template = self.template or engine.ask("GET", f"/containers/{container['Id']}/json")[1]
            engine.ask("DELETE", f"/containers/{container['Id']}?force=1")

    def start_by_hand(self, image):
        """The engine's floor: create, start, and the server's first 200 at the container's own address. The container,
        the server's URL and its token."""
        config, host = self.template["Config"], self.template["HostConfig"]
        made = engine.ask("POST", f"/containers/create?name=rb-bench-{uuid.uuid4().hex[:12]}",
                          {"Image": image, "Cmd": config["Cmd"], "Env": config["Env"], "User": config["User"],
                           "HostConfig": host})[1]
        engine.ask("POST", f"/containers/{made['Id']}/start")
        networks = engine.ask("GET", f"/containers/{made['Id']}/json")[1]["NetworkSettings"]["Networks"]
        address = next(iter(networks.values()))["IPAddress"]
        path, token = (next(a.split("=", 1)[1] for a in config["Cmd"] if f"{word}=" in a) for word in ("base_url", "token"))
        while not self._answers(address, path + "api"):
            time.sleep(POLL_S)
        return made["Id"], f"http://{address}:8888{path}", token

    def by_hand(self, image):
        """Seconds of the floor; the container is removed."""
        begin = time.monotonic()
        container, _, _ = self.start_by_hand(image)
        seconds = time.monotonic() - begin
        engine.ask("DELETE", f"/containers/{container}?force=1")
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


def switches(pid):
    """Voluntary context switches of a process so far, its threads' together."""
    return sum(int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", path.read_text(), re.M)[1])
               for path in Path(f"/proc/{pid}/task").glob("*/status"))


def idle(folder, quick):
    """A rig whose appliance has had a launch and has nothing to do for a minute: {program: (MB, switches a second)}."""
    seconds = 5 if quick else 60
    with Rig(folder) as rig:
        rig.git.repository("stub", {"Dockerfile": STUB})
        rig.launch("stub")
        time.sleep(5)
        pids = {name: rig.appliance.pid_of(name) for name in ("ringbinderd", "ringbinder-gateway")}
        before = {name: switches(pid) for name, pid in pids.items()}
        time.sleep(seconds)
        return {name: (pss_kib(pid) / 1024, (switches(pid) - before[name]) / seconds) for name, pid in pids.items()}


def idle_memory(folder, quick=False):
    """Proportional set size of daemon and gateway, after a launch has come and gone."""
    sizes = {name: size for name, (size, _) in idle(folder, quick).items()}
    total = sum(sizes.values())
    return {"ours": total, "peer": None, "value": total, "bar": 15, "unit": "MB",
            "note": ", ".join(f"{name} {size:.1f}" for name, size in sizes.items())}


def idle_switches(folder, quick=False):
    """Decisions 40: voluntary context switches a second, of whichever process has more."""
    rates = {name: rate for name, (_, rate) in idle(folder, quick).items()}
    most = max(rates.values())
    return {"ours": most, "peer": None, "value": most, "bar": 1, "unit": "switches/s",
            "note": ", ".join(f"{name} {rate:.2f}" for name, rate in rates.items())}


def first_page(base, path):
    """Seconds that it takes from now until a Jupyter server's page has come whole."""
    begin = time.monotonic()
    with urllib.request.urlopen(f"{base}{path}", timeout=60) as answer:
        if answer.status != 200 or b"jupyter" not in answer.read().lower():
            raise RuntimeError(f"{path} is no page")
    return time.monotonic() - begin


def at_once(count, task):
    """What task(number) gives for each, run together."""
    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(task, range(count)))


def eight_launches(folder, quick=False):
    """Decisions 41: eight clicks at once on a built JupyterLab, click to the first page; the floor starts the same image
    through the engine's API, as many at a time as processors."""
    with Rig(folder) as rig:
        repository = rig.git.repository("eight", {"requirements.txt": "", "a.ipynb": json.dumps(NOTEBOOK)})
        rig.launch("eight")
        image = rig.template["Config"]["Image"]
        slots = threading.Semaphore(os.cpu_count())

        def by_launch(_):
            ready = launch(rig.appliance.portal, rig.git.url("eight"), repository.head)
            return ready["seconds"] + first_page(ready["url"], f"lab?token={ready['token']}")

        def by_engine(_):
            begin = time.monotonic()
            with slots:
                container, base, token = rig.start_by_hand(image)
            first_page(base, f"lab?token={token}")
            return container, time.monotonic() - begin

        ours, floor = [], []
        for _ in range(1 if quick else 5):
            ours.append(statistics.median(at_once(EIGHT, by_launch)))
            rig.end_all()
            started = at_once(EIGHT, by_engine)
            floor.append(statistics.median(seconds for _, seconds in started))
            for container, _ in started:
                engine.ask("DELETE", f"/containers/{container}?force=1")
    return {"ours": statistics.median(ours), "peer": statistics.median(floor),
            "ratio": statistics.median(ours) / statistics.median(floor), "bar": 1.15, "unit": "s, click to first page",
            "note": f"rounds: ours {[round(s, 2) for s in ours]}, floor {[round(s, 2) for s in floor]}"}
