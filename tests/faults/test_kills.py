"""The daemon killed with -9 within every step of every flow (the fake engine holds it there), and at random moments."""
import dataclasses
import json
import os
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor

import flow_tables
import pytest
from kill_rig import STUB, Rig
from oracles import wait_until
from ringbinder.fake_engine import FakeEngine

AT_A_TIME = 4  # appliances; most of a case is `up` waiting a second before it starts a daemon again

# Where a step that waits is held: its name as flow_tables has it, how it is come to, and what the engine is asked then.
# BEFORE: the engine never does it; AFTER: it has, and the answer is lost; LATE: it does, when the next daemon is there.
BEFORE, AFTER, LATE = "before", "after", "late"


@dataclasses.dataclass(frozen=True)
class Held:
    scene: str
    line: str = ""
    when: tuple = (BEFORE,)
    row: tuple = ()  # (table, step) that the newest row of it says meanwhile
    after: int = 0


EFFECT = (BEFORE, AFTER, LATE)
SESSION, BUILD = "session", "build"
STEPS = {
    "launch/steps.c steps.resolve": Held("resolve", row=("launch", "resolve")),
    "launch/steps.c steps.image": Held("again", "GET /images/ringbinder/i-", row=("launch", "image")),
    "launch/steps.c steps.build": Held("dockerfile", "POST /build", row=("launch", "build")),
    "launch/steps.c steps.admit": Held("queue", "POST /containers/create", row=("launch", "admit")),
    "launch/steps.c steps.session": Held("again", "POST /containers/create", row=("launch", "session")),
    "session/start.c start_steps.create": Held("again", "POST /containers/create", EFFECT, (SESSION, "create")),
    "session/start.c start_steps.start": Held("again", "POST /containers/*/start", EFFECT, (SESSION, "start")),
    "session/start.c start_steps.answer": Held("again", "SERVE /user/", row=(SESSION, "answer")),
    "session/start.c start_steps.door": Held("again", "SERVE /user/", row=(SESSION, "door"), after=1),
    "build/run.c run_steps.plan": Held("plan", row=(BUILD, "plan")),
    "build/run.c run_steps.environment": Held("environment", "POST /build", EFFECT, (BUILD, "environment")),
    "build/run.c run_steps.content": Held("environment", "POST /build", EFFECT, (BUILD, "content"), after=1),
    "build/environment.c environment_steps.base": Held("environment", "GET /images/ringbinder/debian:1/json"),
    "build/environment.c environment_steps.context": Held("context", "GET /images/ringbinder/debian:1/json"),
    "build/environment.c environment_steps.known": Held("environment", "GET /images/ringbinder/env:"),
    "build/environment.c environment_steps.image": Held("environment", "POST /build"),
    "build/make.c make_steps.build": Held("dockerfile", "POST /build", EFFECT, (BUILD, "content")),
    "build/make.c make_steps.look": Held("dockerfile", "GET /images/sha256:", row=(BUILD, "content")),
    "build/make.c make_steps.drop": Held("large", "DELETE /images/sha256:", EFFECT, (BUILD, "content")),
    "build/make.c make_steps.name": Held("dockerfile", "POST /images/sha256:*/tag", EFFECT, (BUILD, "content")),
    "engine/container.c create_steps.network": Held("again", "GET /networks/", row=(SESSION, "create")),
    "engine/container.c create_steps.create": Held("again", "POST /containers/create"),
    "engine/container.c create_steps.look": Held("twice", "GET /containers/rb-*/json", row=(SESSION, "create")),
    "engine/container.c start_steps.start": Held("again", "POST /containers/*/start"),
    "engine/container.c start_steps.inspect": Held("again", "GET /containers/rb-*/json", row=(SESSION, "start")),
    "engine/container.c look_steps.inspect": Held("exit", "GET /containers/rb-*/json", row=(SESSION, "answer"), after=1),
    "engine/container.c look_steps.still there": Held("exit", "GET /_ping", row=(SESSION, "answer")),
    "engine/container.c remove_steps.stop": Held("stop", "POST /containers/rb-*/stop", EFFECT),
    "engine/container.c remove_steps.remove": Held("stop", "DELETE /containers/rb-", EFFECT),
    "engine/container.c list_steps.ask": Held("again", "GET /containers/json"),
    "engine/container.c tail_steps.ask": Held("exit", "GET /containers/rb-*/logs", row=(SESSION, "answer")),
    "engine/container.c log_steps.ask": Held("logs", "GET /containers/rb-*/logs"),
    "engine/network.c want_steps.look": Held("network", "GET /networks/"),
    "engine/network.c want_steps.make": Held("network", "POST /networks/create", EFFECT),
    "engine/network.c want_steps.check": Held("network refused", "GET /networks/", after=1),
    "engine/image.c inspect_steps.ask": Held("again", "GET /images/ringbinder/i-"),
    "engine/image.c sizes_steps.ask": Held("images", "GET /images/json"),
    "engine/image.c tag_steps.tag": Held("dockerfile", "POST /images/sha256:*/tag"),
    "engine/image.c remove_steps.remove": Held("large", "DELETE /images/sha256:"),
    "engine/engine.c connect_steps.version": Held("connect", "GET /version"),
    "engine/engine.c connect_steps.info": Held("connect", "GET /info"),
}

# Those in which nothing is waited for, so that there is no moment to die in between what is before and what is behind;
# the random kills below hit their commits.
PASSED = {
    "launch/steps.c steps.ready", "launch/steps.c door_steps.session", "session/start.c start_steps.route",
    "build/environment.c environment_steps.row", "engine/container.c create_steps.read",
    "engine/container.c start_steps.read", "engine/container.c look_steps.read", "engine/container.c remove_steps.forget",
    "engine/container.c list_steps.read", "engine/container.c tail_steps.read", "engine/container.c log_steps.read",
    "engine/image.c inspect_steps.read", "engine/image.c sizes_steps.read",
    "engine/engine.c connect_steps.read version", "engine/engine.c connect_steps.read info",
}
# `ringbinderd --end-containers` asks it, after the daemon.
NOT_THE_DAEMONS = {"engine/network.c remove_steps.remove"}
CASES = [(step, when) for step, held in STEPS.items() for when in held.when]


class Play:
    """One case: comes to the step, kills there, and looks at what came of it."""

    def __init__(self, rig, held, when):
        self.rig, self.fake, self.held, self.when = rig, rig.engine, held, when

    def hold(self, line=None, after=None):
        self.fake.stall(line or self.held.line, when="after" if self.when == AFTER else "before",
                        after=self.held.after if after is None else after)

    def wait_held(self):
        assert self.fake.wait_stalled(), (self.held, self.fake.requests()[-20:], self.rig.appliance.journal()[-2000:])

    def kill_here(self):
        if self.held.row:
            table, step = self.held.row
            assert wait_until(lambda: self.rig.newest_step(table) == step, 5), (step, self.rig.newest_step(table))
        dead = self.rig.kill()
        if self.when == LATE:
            self.rig.back(dead)
        self.fake.release(do=self.when == LATE)
        self.rig.back(dead)

    def held_launch(self, path):
        """A launch that comes to the step and is killed there."""
        self.hold()
        self.rig.launch_behind(path)
        self.wait_held()
        self.kill_here()

    def by_command(self, *arguments):
        """What an operator asks, who is cut off."""
        command = self.rig.appliance.command(arguments[0], "--dir", self.rig.appliance.state, *arguments[1:])
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as asked:
            self.wait_held()
            self.kill_here()
            asked.kill()

    # ---- scenes ----

    def again(self):
        """The launch of a repository whose image is there."""
        path = self.rig.repository({"Dockerfile": STUB})
        self.rig.launch(path)
        self.held_launch(path)

    def dockerfile(self):
        self.held_launch(self.rig.repository({"Dockerfile": STUB}))

    def environment(self):
        self.held_launch(self.rig.repository({"requirements.txt": f"# {os.urandom(8).hex()}\nsix\n"}))

    def resolve(self):
        path = self.rig.repository({"Dockerfile": STUB}).rpartition("/")[0] + "/HEAD"
        self.rig.gate.shut()
        self.rig.launch_behind(path)
        assert self.rig.gate.wait_held()
        self.kill_here()
        self.rig.gate.open()

    def plan(self):
        self.rig.gate.shut()
        self.rig.launch_behind(self.rig.repository({"Dockerfile": STUB}))
        assert self.rig.gate.wait_held()
        self.kill_here()
        self.rig.gate.open()

    def queue(self):
        """Of two launches, the second waits for a start that the first has."""
        path = self.rig.repository({"Dockerfile": STUB})
        self.rig.launch(path)
        self.hold()
        self.rig.launch_behind(path)
        self.wait_held()
        self.rig.launch_behind(path)
        self.kill_here()

    def context(self):
        """Its fetch is stopped while the engine is asked for the base, so that the context does not come."""
        self.hold()
        self.rig.launch_behind(self.rig.repository({"requirements.txt": f"# {os.urandom(8).hex()}\nsix\n"}))
        self.wait_held()
        for pid in self.rig.fetches():
            os.kill(pid, signal.SIGSTOP)
        self.fake.release(do=True)
        assert not wait_until(lambda: "GET /images/ringbinder/env:" in self.fake.requests()[-1], 0.3)
        self.kill_here()

    def large(self):
        """An image whose labels every listing would repeat: it is removed, and the launch has failed."""
        labels = {"Id": "sha256:large", "Size": 1, "Config": {"Labels": {"a": "x" * 40000}}}
        self.fake.tell(fault="GET /images/sha256:", status=200, body=json.dumps(labels))
        self.held_launch(self.rig.repository({"Dockerfile": STUB}))

    def twice(self):
        """Killed after the container was made, and again when the next daemon finds its name taken."""
        path = self.rig.repository({"Dockerfile": STUB})
        self.rig.launch(path)
        self.fake.stall("POST /containers/create", name="first", when="after")
        self.rig.launch_behind(path)
        assert self.fake.wait_stalled("first")
        dead = self.rig.kill()
        self.hold()
        self.fake.release("first")
        self.rig.back(dead)
        self.wait_held()
        self.kill_here()

    def stop(self):
        """A session that an operator ends."""
        name = self.rig.launch(self.rig.repository({"Dockerfile": STUB}))["url"].rstrip("/").rpartition("/")[2]
        self.hold()
        self.by_command("stop", name)

    def logs(self):
        self.hold()
        self.by_command("logs", self.rig.bystander["url"].rstrip("/").rpartition("/")[2])

    def images(self):
        self.hold()
        self.by_command("images")

    def exit(self):
        """Its server ends at once; the next one answers."""
        path = self.rig.repository({"Dockerfile": STUB})
        self.rig.launch(path)
        self.fake.tell(servers="exit")
        self.hold()
        self.rig.launch_behind(path)
        self.wait_held()
        self.fake.tell(servers="answer")
        self.kill_here()

    def network(self):
        """The network has gone."""
        path = self.rig.repository({"Dockerfile": STUB})
        self.rig.launch(path)
        self.fake.ask("DELETE", f"/networks/ringbinder-{self.rig.appliance.instance()}")
        self.held_launch(path)

    def network_refused(self):
        """And somebody else is making it."""
        self.fake.tell(fault="POST /networks/create", status=403, message="network with that name exists")
        self.network()

    def connect(self):
        """Killed twice: the second time before the engine has said who it is."""
        self.hold()
        path = self.rig.repository({"Dockerfile": STUB})
        self.rig.launch_behind(path)
        self.rig.kill()
        self.wait_held()
        self.kill_here()


def play(folder, server, step, when):
    held = STEPS[step]
    settings = {"concurrent_start_limit": 1} if held.scene == "queue" else {}
    with FakeEngine(folder / "engine") as fake, Rig(folder / "appliance", fake, server, **settings) as rig:
        getattr(Play(rig, held, when), held.scene.replace(" ", "_"))()
        rig.ended_well()
        if held.scene != "exit":
            assert rig.rows("SELECT count(*) FROM session") <= rig.rows("SELECT count(*) FROM launch"), \
                "a start that was cut was given up, and another one begun"


@pytest.fixture(scope="module")
def outcomes(shared_folder, server, request):
    """Every case that was asked for, some at a time."""
    wanted = [item.callspec.params["case"] for item in request.session.items
              if item.function.__name__ == "test_the_daemon_dies_within_a_step"]
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        yield {case: pool.submit(play, shared_folder / f"kill-{CASES.index(case)}", server, *case) for case in wanted}
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0].replace(' ', ':')}-{case[1]}")
def test_the_daemon_dies_within_a_step(outcomes, case):
    """The daemon dies within a step, each step of each flow in turn | kill -9 while the fake engine, a gate before the
    git server or a stopped fetch holds it there: the engine never does what it was asked, has done it, or does it late |
    a client that comes back reads one last event; rows and engine agree, each session has one container, others' go on"""
    outcomes[case].result()


def test_every_step_of_every_flow_is_killed():
    """A flow gets another step | the tables in the sources are read | this check fails until the step is killed, too"""
    there = flow_tables.steps()
    assert len({step.rpartition(".")[0] for step in there}) == flow_tables.tables(), "a table that is not read"
    known = [*STEPS, *PASSED, *NOT_THE_DAEMONS]
    assert sorted(there) == sorted(known), set(there) ^ set(known)
