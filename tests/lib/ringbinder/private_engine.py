"""An engine of a test's own, which may be stopped: in a network namespace, with folders and cgroups of its own."""
import contextlib
import ctypes
import http.client
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

START_LIMIT_S = 30
STOP_LIMIT_S = 30
CLONE_NEWNET = 0x40000000


def enter(namespace):
    """setns(2) of a network namespace; Python 3.11 has none."""
    if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), CLONE_NEWNET) < 0:
        raise OSError(ctypes.get_errno(), "setns")


class PrivateEngine:
    """Context manager; dockerd as decisions 44 has it. `socket` and `cgroup_parent` are what an appliance is told. With
    live_restore, containers go on without it."""

    def __init__(self, live_restore=False):
        self.live_restore = live_restore
        self.folder = Path(tempfile.mkdtemp(prefix="rb-engine-", dir="/tmp"))
        self.socket = self.folder / "engine.sock"
        self.cgroup_parent = self.folder.name
        self.process = None
        self.namespace = subprocess.Popen(["unshare", "-n", "sleep", "infinity"])
        self._enter("ip", "link", "set", "lo", "up")

    def _within(self):
        return ["nsenter", f"--net=/proc/{self.namespace.pid}/ns/net"]

    def _enter(self, *command):
        """As soon as the namespace is another one than ours."""
        own = os.readlink("/proc/self/ns/net")
        for _ in range(250):
            if os.readlink(f"/proc/{self.namespace.pid}/ns/net") != own:
                break
            time.sleep(0.02)
        subprocess.run([*self._within(), *command], check=True)

    def start(self, live_restore=None):
        live = self.live_restore if live_restore is None else live_restore
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                [*self._within(), "dockerd", "--data-root", self.folder / "data", "--exec-root", self.folder / "exec",
                 "--pidfile", self.folder / "pid", "--host", f"unix://{self.socket}", "--bip", "172.30.99.1/24",
                 "--iptables=false", "--cgroup-parent", self.cgroup_parent, "--containerd-namespace", "rbtest",
                 "--containerd-plugins-namespace", "rbtest-plugins",
                 f"--live-restore={str(live).lower()}"], stdout=log, stderr=log)
        deadline = time.monotonic() + START_LIMIT_S
        while not self._answers():
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise RuntimeError((self.folder / "log").read_text()[-2000:])
            time.sleep(0.1)
        return self

    def _answers(self):
        connection = http.client.HTTPConnection("engine", timeout=5)
        connection.sock = socket.socket(socket.AF_UNIX)
        try:
            connection.sock.connect(str(self.socket))
            connection.request("GET", "/_ping")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def stop(self):
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(STOP_LIMIT_S)
        self.process = None

    def kill(self):
        """kill -9. Its containerd goes with it, and must not be taken for alive by the next one where nobody reaps it."""
        self.process.kill()
        self.process.wait()
        self.process = None
        (self.folder / "exec/containerd/containerd.pid").unlink(missing_ok=True)

    @contextlib.contextmanager
    def inside(self):
        """This thread, and the threads and processes that it starts, are in the engine's network namespace."""
        with open("/proc/thread-self/ns/net", "rb") as own, open(f"/proc/{self.namespace.pid}/ns/net", "rb") as there:
            enter(there)
            try:
                yield
            finally:
                enter(own)

    def _end_what_is_left(self):
        """Of a test that failed, with live-restore: containers, then those who look after them."""
        for procs in Path("/sys/fs/cgroup").glob(f"*/{self.cgroup_parent}/**/cgroup.procs"):
            for pid in procs.read_text().split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
        for command in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                if f"{self.folder}/" in command.read_text():
                    os.kill(int(command.parent.name), signal.SIGKILL)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        try:
            self.stop()
        finally:
            self._end_what_is_left()
            self.namespace.kill()
            self.namespace.wait()
            for hierarchy in Path("/sys/fs/cgroup").glob(f"*/{self.cgroup_parent}"):
                for folder, _, _ in os.walk(hierarchy, topdown=False):
                    os.rmdir(folder)
            for mount in reversed(Path("/proc/self/mounts").read_text().splitlines()):
                if mount.split()[1].startswith(f"{self.folder}/"):  # a stopped container's network namespace
                    subprocess.run(["umount", mount.split()[1]], check=False)
            shutil.rmtree(self.folder)
