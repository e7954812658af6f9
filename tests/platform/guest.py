# A qemu machine: started, spoken to by ssh, and ended whatever happens.
# SPDX-License-Identifier: BSD-3-Clause
"""What it writes is gone with it, from all of its drives. Only this machine's loopback reaches it."""
import os
import socket
import subprocess
import time

MEMORY_MB = 4096
PROCESSORS = 2
FIRST_WORD_LIMIT_S = 20  # with KVM it takes 2 s
BOOT_LIMIT_S = 300
END_LIMIT_S = 20
ACCELERATORS = {"kvm": ["-accel", "kvm", "-cpu", "host"],
                "tcg": ["-accel", "tcg,thread=multi,tb-size=512", "-cpu", "max"]}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Guest:
    """Context manager; `folder` has disk, kernel, initrd and key, `console` gets what the machine says. `drive` is an
    image of its second one. `accelerator`: one of ACCELERATORS; None: the fastest that boots it."""

    def __init__(self, folder, console, drive, accelerator=None):
        self.folder = folder
        self.console = console
        self.drive = drive
        self.accelerator = accelerator
        self.port = free_port()
        self.process = None

    def _start(self, accelerator):
        self.console.write_bytes(b"")
        drive = "format=raw,if=virtio,snapshot=on,cache=unsafe"
        command = ["qemu-system-x86_64", *ACCELERATORS[accelerator], "-m", str(MEMORY_MB), "-smp", str(PROCESSORS),
                   "-display", "none", "-no-reboot", "-kernel", self.folder / "kernel", "-initrd", self.folder / "initrd",
                   "-append", "root=/dev/vda rw console=ttyS0 mitigations=off", "-device", "virtio-rng-pci",
                   "-drive", f"file={self.folder}/disk,{drive}", "-drive", f"file={self.drive},{drive}",
                   "-netdev", f"user,id=net,hostfwd=tcp:127.0.0.1:{self.port}-:22",
                   "-device", "virtio-net-pci,netdev=net,romfile=", "-serial", f"file:{self.console}"]
        # It ends with us, should we end without a word.
        self.process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *command], stdin=subprocess.DEVNULL)

    def _speaks(self):
        deadline = time.monotonic() + FIRST_WORD_LIMIT_S
        while time.monotonic() < deadline and self.process.poll() is None:
            if b"Linux version" in self.console.read_bytes():
                return True
            time.sleep(0.2)
        return False

    def _start_fastest(self):
        """A /dev/kvm is no promise: some run no kernel but one made for them, or one instruction at a time."""
        if self.accelerator is None and os.access("/dev/kvm", os.R_OK | os.W_OK):
            self._start("kvm")
            if self._speaks():
                return "kvm"
            self._end()
        self._start(self.accelerator or "tcg")
        return self.accelerator or "tcg"

    def __enter__(self):
        try:
            self.accelerator = self._start_fastest()
            self._wait_until_up()
        except BaseException:
            self._end()
            raise
        return self

    def _wait_until_up(self):
        deadline = time.monotonic() + BOOT_LIMIT_S
        while self.run("systemctl is-system-running --wait", limit_s=BOOT_LIMIT_S, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL) == 255:  # ssh's own failure
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the machine did not come up; it said:\n" + self.last_words())
            time.sleep(1)

    def last_words(self):
        return self.console.read_text(encoding="utf-8", errors="replace")[-3000:]

    def __exit__(self, *_):
        self._end()

    def _end(self):
        self.process.terminate()
        try:
            self.process.wait(END_LIMIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def run(self, command, limit_s, **channels):
        """Its exit code; 255 where ssh itself failed. Without a terminal, so nothing waits for somebody to type."""
        ssh = ["ssh", "-q", "-i", self.folder / "key", "-p", str(self.port), "-o", "BatchMode=yes",
               "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "ConnectTimeout=5",
               "-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=8", "root@127.0.0.1", command]
        return subprocess.run(ssh, check=False, timeout=limit_s, **{"stdin": subprocess.DEVNULL, **channels}).returncode
