# What is handed to the machine: a drive with the checkout and, where both are the same Debian, the programs built here.
# SPDX-License-Identifier: BSD-3-Clause
"""A drive, since a copy through the network of a machine in software emulation takes ten minutes."""
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

SPARE_MB = 1024  # for what is built and written there
BUILT = ["ringbinder", "ringbinderd", "ringbinder-gateway", "ringbinder-fetch"]


def release(root="/"):
    """(ID, VERSION_ID) of os-release(5)."""
    lines = Path(root, "etc/os-release").read_text(encoding="utf-8").splitlines()
    fields = dict(line.split("=", 1) for line in lines if "=" in line)
    return fields.get("ID", "").strip('"'), fields.get("VERSION_ID", "").strip('"')


def files(top):
    listing = subprocess.run(["git", "-C", top, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                             check=True, stdout=subprocess.PIPE).stdout
    return [name for name in map(os.fsdecode, listing.split(b"\0")) if name and os.path.lexists(top / name)]


def make(image, top, built):
    """`built`: names below build/ that come along."""
    with tempfile.TemporaryDirectory(prefix="ringbinder-handin-", dir=image.parent) as work:
        os.chmod(work, 0o755)
        for name in [*files(top), *(f"build/{name}" for name in built)]:
            to = Path(work, name)
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(top / name, to, follow_symlinks=False)
        size = subprocess.run(["du", "-sm", work], check=True, capture_output=True, text=True).stdout.split()[0]
        subprocess.run(["mke2fs", "-q", "-t", "ext4", "-E", "root_owner=0:0", "-d", work, image,
                        f"{int(size) + SPARE_MB}M"], check=True, stdout=subprocess.DEVNULL)
