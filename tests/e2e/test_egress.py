"""No visitor's address reaches inside: listeners that exist, reached by this machine and by no fetch (decisions 3)."""
import contextlib
import http.server
import json
import os
import re
import subprocess
import sys
import threading
import time
import urllib.request

import pytest
from e2e_fixtures import STUB
from ringbinder import engine
from ringbinder.appliance import free_port
from ringbinder.launch import LaunchFailed, launch
from ringbinder.repository import git


class Listener(http.server.ThreadingHTTPServer):
    """A web server on this machine that counts who asks; every answer is `location`, or nothing."""

    def __init__(self, location=None, address="127.0.0.1"):
        listener = self
        self.asked = 0

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                listener.asked += 1
                self.send_response(302 if location else 204)
                if location:
                    self.send_header("Location", location + self.path)
                self.end_headers()

            def log_message(self, *_):
                pass

        super().__init__((address, 0), Handler)
        self.port = self.server_address[1]
        self.url = f"http://{address}:{self.port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def __exit__(self, *rest):
        self.shutdown()
        super().__exit__(*rest)


def reached_from_here(url):
    with urllib.request.urlopen(url, timeout=5) as answer:
        return answer.status == 204


@pytest.fixture(scope="module")
def inside():
    """What a visitor must not reach."""
    with Listener() as listener:
        assert reached_from_here(listener.url), "the proof is void: nobody listens there"
        listener.asked = 0
        yield listener
        assert listener.asked == 0


def refused_packets(appliance):
    listing = subprocess.run(["nft", "-j", "list", "table", "inet", f"ringbinder_{appliance.instance()}"],
                             check=True, capture_output=True, text=True).stdout
    return next(part["counter"]["packets"] for part in json.loads(listing)["nftables"] if "counter" in part)


@contextlib.contextmanager
def refusal(appliance):
    """What is launched inside has to fail because the rule stood in the way."""
    before = refused_packets(appliance)
    with pytest.raises(LaunchFailed) as failure:
        yield failure
    assert refused_packets(appliance) > before
    assert re.search("connect|access", failure.value.args[0]), failure.value.args[0]


@pytest.mark.parametrize("ref", ["main", "a" * 40])
def test_a_url(appliance, inside, ref):
    with refusal(appliance):
        launch(appliance.portal, f"{inside.url}/r.git", ref)


@pytest.mark.parametrize("name", ["localhost", "127.1", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433"])
def test_a_name_that_resolves_to_it(appliance, inside, name):
    """What a rebinding name has in common with all of these: the address that is connected to is what counts."""
    with refusal(appliance):
        launch(appliance.portal, f"http://{name}:{inside.port}/r.git", "a" * 40)


def test_a_redirect(own_appliance, inside):
    with Listener(inside.url) as outside:
        appliance = own_appliance([outside.port])
        with refusal(appliance):
            launch(appliance.portal, f"{outside.url}/r.git", "a" * 40)
        assert outside.asked > 0, "the proof is void: nobody was redirected"


def test_a_submodule(appliance, server, inside):
    outer = server.repository("leads-inside", {"requirements.txt": "numpy\n"})
    (outer.folder / ".gitmodules").write_text(f'[submodule "part"]\n\tpath = part\n\turl = {inside.url}/r.git\n')
    git(outer.folder, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},part")
    git(outer.folder, "add", ".gitmodules")
    git(outer.folder, "commit", "-q", "-m", "module")
    with refusal(appliance) as failure:
        launch(appliance.portal, server.url("leads-inside"))
    assert "submodule part: git fetch: " in failure.value.args[0]


@contextlib.contextmanager
def neighbour(addresses):
    """A machine of our own behind a cable of our own, with these addresses and a web server on each."""
    serve = f"{sys.executable} -m http.server 8080"
    machine = subprocess.Popen(["unshare", "--net", "sh", "-c", f"ip link set lo up; exec {serve}"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    name = f"rbt{free_port()}"
    enter = ["nsenter", "--net", "--target", str(machine.pid)]
    try:
        while os.readlink(f"/proc/{machine.pid}/ns/net") == os.readlink("/proc/self/ns/net"):
            time.sleep(0.01)
        commands = [["ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", str(machine.pid)],
                    ["ip", "address", "add", "192.168.213.1/30", "dev", name], ["ip", "link", "set", name, "up"],
                    [*enter, "ip", "link", "set", "eth0", "up"],
                    [*enter, "ip", "address", "add", "192.168.213.2/30", "dev", "eth0"]]
        for address in addresses:
            commands += [[*enter, "ip", "address", "add", f"{address}/32", "dev", "eth0"],
                         ["ip", "route", "add", f"{address}/32", "dev", name]]
        for command in commands:
            subprocess.run(command, check=True)
        yield
    finally:
        subprocess.run(["ip", "link", "delete", name], check=False)
        machine.terminate()
        machine.wait()


def test_the_networks_behind_this_machine(appliance):
    addresses = ["10.213.77.2", "169.254.169.254", "100.64.77.2"]
    with neighbour(addresses):
        for address in addresses:
            for attempt in range(50):
                with contextlib.suppress(OSError), urllib.request.urlopen(f"http://{address}:8080/", timeout=5):
                    break
                time.sleep(0.1)
            else:
                raise AssertionError(f"the proof is void: {address} is not reached from here")
            with refusal(appliance):
                launch(appliance.portal, f"http://{address}:8080/r.git", "a" * 40)


def test_what_is_let_through_is_reached(appliance, server):
    server.repository("let-through", {"Dockerfile": STUB})
    before = refused_packets(appliance)
    assert launch(appliance.portal, server.url("let-through"))["phase"] == "ready"
    assert refused_packets(appliance) == before


def test_tables_of_the_dead_are_removed_and_those_of_the_living_stay(appliance, own_appliance):
    dead = "table inet ringbinder_00000bad"
    subprocess.run(["nft", "add", *dead.split()], check=True)
    other = own_appliance()
    tables = subprocess.run(["nft", "list", "tables"], check=True, capture_output=True, text=True).stdout.splitlines()
    assert dead not in tables
    assert f"table inet ringbinder_{appliance.instance()}" in tables
    assert f"table inet ringbinder_{other.instance()}" in tables


def test_a_daemon_that_may_not_says_so_and_serves_all_the_same(shared_folder, server):
    """Without CAP_NET_ADMIN, as in a container: the journal has the code and what to do."""
    from ringbinder.appliance import SHORT_DELAYS, Appliance

    class Powerless(Appliance):
        def command(self, *arguments):
            return ["setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin", *super().command(*arguments)]

    with Powerless(shared_folder / "powerless", [server.port], **SHORT_DELAYS) as one:
        assert re.search(r"<3>RB1206 .*(permitted|Permission)", one.journal()), one.journal()
        engine.remove_images(one.instance())


def test_an_exception_that_is_none_is_refused_by_its_name(tmp_path):
    from ringbinder.appliance import BUILD
    config = tmp_path / "x.conf"
    config.write_text("fetch_allow = localhost:80\n")
    done = subprocess.run([BUILD / "ringbinderd", "--check-config", "--config", config], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 1 and "fetch_allow: localhost:80 is no address with a port" in done.stderr
