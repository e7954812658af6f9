"""Launch after launch on the fake engine, and what they leave in daemon, gateway and state."""
import contextlib
import os
import re
import sqlite3
import time
from pathlib import Path

from .launch import launch

ALIVE = 20    # sessions at a time; each launch ends the oldest
SETTLE_S = 3  # until the sweeper has removed what has ended
STUB = "FROM ringbinder/stub:1\n"
ENDING = ("launch", "build", "session", "container")
TABLES = (*ENDING, "image", "event")


def memory_kib(pid):
    """What is the process's own."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(size) for size in re.findall(r"^Private_\w+:\s+(\d+)", rollup, re.M))


class Soak:
    def __init__(self, fake, appliance, server):
        self.fake, self.appliance, self.server = fake, appliance, server
        self.commit = server.repository("soak", {"Dockerfile": STUB}).head

    def launches(self, count):
        for _ in range(count):
            launch(self.appliance.portal, self.server.url("soak"), self.commit)
            self.fake.tell(alive=ALIVE)

    def figures(self):
        """{program: (KiB, descriptors)}, once no more than ALIVE are left."""
        deadline = time.monotonic() + 60
        while len(self.fake.containers()) > ALIVE and time.monotonic() < deadline:
            time.sleep(0.2)
        time.sleep(SETTLE_S)
        pids = {name: self.appliance.pid_of(name) for name in ("ringbinderd", "ringbinder-gateway")}
        return {name: (memory_kib(pid), len(os.listdir(f"/proc/{pid}/fd"))) for name, pid in pids.items()}

    def rows(self, tables=TABLES, where="1"):
        """{table: rows}"""
        path = f"file:{self.appliance.state}/ringbinder.db?mode=ro"
        with contextlib.closing(sqlite3.connect(path, uri=True)) as store:
            return {table: store.execute(f"SELECT count(*) FROM {table} WHERE {where}").fetchone()[0] for table in tables}
