# The disk of a machine as the supported platform is: Debian with its cloud kernel, systemd, AppArmor and Docker Engine.
# SPDX-License-Identifier: BSD-3-Clause
"""Made by mmdebstrap from the mirror that this machine uses, with its certificates; kept in a folder of the caller's."""
import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TOP / "images"), str(TOP / "images" / "debian-base")]

import machine  # noqa: E402 - what the base image takes from this machine, too

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
MAKE_LIMIT_S = 1200
SIZE = "14G"  # sparse
# What makes a machine of a Debian, and what the tests need beside bootstrap's own.
PACKAGES = ["linux-image-cloud-amd64", "initramfs-tools", "systemd-sysv", "udev", "kmod", "dbus", "libpam-systemd",
            "openssh-server", "apparmor", "python3-pytest", "nftables", "iproute2", "busybox-static"]
# Nothing of Debian's own runs beside a test.
NOT_THERE = ["apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer",
             "e2scrub_reap.service", "fstrim.timer", "systemd-timesyncd.service"]
# The network that qemu's user mode has (qemu-system-x86_64(1), -netdev user); no service waits for a login.
FILES = {"etc/hostname": "platform\n",
         "etc/hosts": "127.0.0.1 localhost platform\n::1 localhost\n",
         "etc/resolv.conf": "nameserver 10.0.2.3\n",
         "etc/systemd/network/user.network": "[Match]\nName=en* eth*\n[Network]\nDHCP=ipv4\n",
         "etc/ssh/sshd_config.d/platform.conf": "PasswordAuthentication no\nUseDNS no\n"}


def packages():
    listing = subprocess.run([TOP / "bootstrap", "packages"], check=True, capture_output=True, text=True).stdout
    return sorted({*listing.split(), *PACKAGES})


def name(suite):
    """Changes with whatever changes the disk."""
    archive, security = machine.debian_mirrors()
    parts = [suite, archive, security, *machine.apt_options(), machine.extra_ca()[1], *packages(),
             Path(__file__).read_text(encoding="utf-8")]
    return f"{suite}-{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:12]}"


def bootstrap_debian(suite, root, work):
    archive, security = machine.debian_mirrors()
    apt = Path(work, "apt.conf")
    apt.write_text("".join(line + "\n" for line in machine.apt_options()), encoding="utf-8")
    sources = [f"deb {archive} {suite} main"] if archive else []
    sources += [f"deb {security} {suite}-security main"] if security else []
    subprocess.run(["mmdebstrap", "--mode=root", "--variant=minbase", f"--keyring={KEYRING}", f"--aptopt={apt}",
                    f"--include={','.join(packages())}", suite, root, *sources],
                   check=True, timeout=MAKE_LIMIT_S, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def configure(root, key):
    """Who may come in, and how the network is; the engine waits for bootstrap to start it."""
    for path, text in {**FILES, "root/.ssh/authorized_keys": key}.items():
        file = root / path
        file.unlink(missing_ok=True)
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    if machine.extra_ca()[0]:
        shutil.copytree(machine.LOCAL_CERTIFICATES, root / machine.LOCAL_CERTIFICATES[1:], dirs_exist_ok=True)
        subprocess.run(["chroot", root, "update-ca-certificates"], check=True, stdout=subprocess.DEVNULL)
    inside = ["systemctl", f"--root={root}"]
    subprocess.run([*inside, "-q", "enable", "systemd-networkd"], check=True)
    subprocess.run([*inside, "-q", "disable", "docker.service", "docker.socket", "containerd.service"], check=True)
    subprocess.run([*inside, "-q", "mask", *NOT_THERE], check=True)


def make(suite, folder):
    """`folder`: gets disk, kernel, initrd, and the key that lets in."""
    with tempfile.TemporaryDirectory(prefix="ringbinder-disk-", dir=folder.parent) as work:
        root, new = Path(work, "root"), Path(work, "new")
        new.mkdir()
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "platform", "-f", new / "key"], check=True)
        bootstrap_debian(suite, root, work)
        configure(root, (new / "key.pub").read_text(encoding="utf-8"))
        shutil.copy(root / "vmlinuz", new / "kernel")
        shutil.copy(root / "initrd.img", new / "initrd")
        subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", root, new / "disk", SIZE], check=True)
        new.rename(folder)
