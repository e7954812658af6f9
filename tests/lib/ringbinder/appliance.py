"""A whole appliance in a folder of its own: `ringbinder up`, started and stopped."""
import contextlib
import os
import random
import re
import select
import signal
import socket
import subprocess
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[3]
BUILD = Path(os.environ.get("RB_BUILD", TOP / "build"))
START_LIMIT_S = 60
STOP_LIMIT_S = 40

# Each appliance's fetches are a user of its own, whom its nftables table is about: this, and its portal's port.
FETCH_UIDS = 2_000_000

# Delays of the contract, shortened: tests wait for what happens, not for clocks (decisions 14).
SHORT_DELAYS = {"retry_delay": "200ms", "linger": "1s", "resolve_keep": "0ms", "health_hold": "0ms",
                "failed_build_keep": "0ms"}

SMALL_GUARANTEE = 16 << 20

# Of a program built with sanitizers: what they have found, or why they could not look.
SANITIZER = re.compile(r"AddressSanitizer|LeakSanitizer|: runtime error: ")


def sanitizers_say(journal):
    """From the first report on; "" where there is none."""
    found = SANITIZER.search(journal)
    return journal[journal.rfind("\n", 0, found.start()) + 1:][:6000] if found else ""


def free_port():
    """Below those that the kernel gives to who connects (ip_local_port_range), who would take it before we listen."""
    while True:
        port = random.randrange(10000, 32768)
        with socket.socket() as s, contextlib.suppress(OSError):
            s.bind(("127.0.0.1", port))
            return port


class Appliance:
    """Context manager. `settings` are lines of the configuration file, a list is several of one key; `folder` is made and
    kept for who looks later. Its fetches reach the ports of this machine in `fetch_ports` and no others of it.
    `programs` is where `ringbinder` and the programs that it starts are."""

    def __init__(self, folder, fetch_ports=(), programs=BUILD, **settings):
        self.folder = Path(folder)
        self.programs = Path(programs)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)
        portal, sessions = free_port(), free_port()
        self.settings = {"portal_listen": f"127.0.0.1:{portal}", "sessions_listen": f"127.0.0.1:{sessions}",
                         "hub_url": f"http://127.0.0.1:{sessions}/", "web_dir": TOP / "web",
                         "fetch_uid": FETCH_UIDS + portal,
                         "fetch_allow": [f"127.0.0.1:{port}" for port in fetch_ports],
                         "dockerfile_bases": "ringbinder/stub:1",
                         # Sessions of a whole run of tests live side by side, and on small machines.
                         "mem_guarantee": SMALL_GUARANTEE, **settings}
        self.portal = f"http://{self.settings['portal_listen']}"
        self.sessions = f"http://{self.settings['sessions_listen']}"
        self.state = self.folder / "state"
        self.log = self.folder / "journal"
        self.process = None

    def command(self, *arguments):
        return [str(self.programs / "ringbinder"), *map(str, arguments)]

    def start(self):
        config = self.folder / "ringbinder.conf"
        lines = [(key, value) for key, values in self.settings.items()
                 for value in (values if isinstance(values, list) else [values])]
        config.write_text("".join(f"{key} = {value}\n" for key, value in lines))
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command("up", "--config", config, "--dir", self.state),
                                            stdout=subprocess.PIPE, stderr=log, bufsize=0)
        deadline = time.monotonic() + START_LIMIT_S
        while select.select([self.process.stdout], [], [], max(0, deadline - time.monotonic()))[0]:
            line = self.process.stdout.readline()
            if line.startswith(b"sessions "):
                return self
            if not line:
                break
        raise RuntimeError(f"the appliance did not come up:\n{self.journal()[-4000:]}")

    def stop(self):
        """Ctrl-C; returns the exit code. No sanitizer may have said anything by then."""
        if self.process is None:
            return None
        self.process.send_signal(signal.SIGINT)
        try:
            code = self.process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self.process.stdout.close()
        self.process = None
        assert not sanitizers_say(self.journal()), sanitizers_say(self.journal())
        return code

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def journal(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def instance(self):
        return (self.state / "instance").read_text().strip()

    def pid_of(self, program):
        """The process of ours that runs `program`; None while it is away."""
        children = subprocess.run(["ps", "--ppid", str(self.process.pid), "-o", "pid=,args="], capture_output=True,
                                  text=True, check=False).stdout
        for line in children.splitlines():
            pid, command = line.split(None, 1)
            if re.search(rf"(^|/){re.escape(program)}(\s|$)", command):
                return int(pid)
        return None

    def kill_daemon(self):
        """kill -9, and no waiting: who comes next sees what a visitor would see."""
        pid = self.pid_of("ringbinderd")
        os.kill(pid, signal.SIGKILL)
        return pid

    def wait_for_daemon(self, other_than=None, limit_s=20):
        deadline = time.monotonic() + limit_s
        while time.monotonic() < deadline:
            pid = self.pid_of("ringbinderd")
            if pid and pid != other_than:
                return pid
            time.sleep(0.02)
        raise RuntimeError(f"the daemon did not come back:\n{self.journal()[-4000:]}")

    def memory_kib(self):
        """Proportional set size of gateway and daemon, and how many processes they are with their supervisor."""
        pids = [self.pid_of("ringbinderd"), self.pid_of("ringbinder-gateway"), self.process.pid]
        return {pid: pss_kib(pid) for pid in pids if pid}


def pss_kib(pid):
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(re.search(r"^Pss:\s+(\d+)", text, re.M)[1])
