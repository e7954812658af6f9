"""Whatever dies, visitors go on: the daemon killed with -9, the gateway restarted, a build cut in the middle."""
import os
import signal
import subprocess
import threading
import time

from e2e_fixtures import STUB
from ringbinder import engine
from ringbinder.launch import LaunchFailed, launch
from ringbinder.notebook import Session


def test_a_cell_counts_on_while_the_daemon_dies_and_comes_back(appliance, server, hello):
    ready = launch(appliance.portal, server.url("hello"))
    kernel = Session(ready).kernel()
    message = kernel.send("import time\nfor i in range(40):\n    print(i, flush=True)\n    time.sleep(0.1)")
    counted, dead = "", None
    for text in kernel.outputs(message):
        counted += text
        if dead is None and counted.count("\n") >= 5:
            dead = appliance.kill_daemon()
    assert counted.split() == [str(i) for i in range(40)]
    appliance.wait_for_daemon(other_than=dead)
    assert Session(ready).json("api")["version"], "the session is adopted: its route is open"
    assert kernel.run("print('still here')").strip() == "still here"
    kernel.close()


def test_after_a_restart_a_session_is_neither_doubled_nor_lost(appliance, server):
    server.repository("once", {"Dockerfile": STUB})
    ready = launch(appliance.portal, server.url("once"))
    before = {c["Id"] for c in engine.of_instance("containers", appliance.instance())}
    dead = appliance.kill_daemon()
    appliance.wait_for_daemon(other_than=dead)
    time.sleep(1)
    assert {c["Id"] for c in engine.of_instance("containers", appliance.instance())} == before
    assert Session(ready).json("api")["version"]


def test_a_launch_after_the_gateway_died_works(appliance, server):
    server.repository("gatewaydied", {"Dockerfile": STUB})
    ready = launch(appliance.portal, server.url("gatewaydied"))
    os.kill(appliance.pid_of("ringbinder-gateway"), signal.SIGKILL)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            if Session(ready).ask("api", timeout=2)[0] == 200:
                break
        except OSError:
            pass
        time.sleep(0.1)
    assert Session(ready).json("api")["version"], "the daemon told the new gateway all routes"


def test_a_build_that_was_cut_starts_again_once_and_says_so(appliance, server):
    # Never seen before, or the engine's cache has the step from the last run.
    server.repository("cut", {"Dockerfile": f"FROM ringbinder/debian:1\nRUN sleep 4 && echo {time.time_ns()} > /seen\n"
                                            "ENTRYPOINT [\"/bin/false\"]\n"})
    started = threading.Event()

    def watch():
        try:
            launch(appliance.portal, server.url("cut"), on_event=lambda e: "sleep 4" in e.get("message", "")
                   and started.set())
        except (LaunchFailed, OSError):
            pass

    watcher = threading.Thread(target=watch)
    watcher.start()
    assert started.wait(60)
    dead = appliance.kill_daemon()
    appliance.wait_for_daemon(other_than=dead)
    log = []
    try:
        launch(appliance.portal, server.url("cut"), on_event=lambda e: log.append(e.get("message", "")))
    except LaunchFailed:
        pass  # its server is /bin/false: only the build matters here
    watcher.join()
    assert any("again" in line for line in log), log
    assert any("sleep 4" in line for line in log)


def test_a_second_appliance_in_the_same_folder_is_refused_by_name(appliance):
    done = subprocess.run(appliance.command("up", "--dir", appliance.state), capture_output=True, text=True,
                          timeout=30, check=False)
    assert done.returncode == 1
    assert str(appliance.process.pid) in done.stderr
