"""The daemon's flows, as their tables of steps in the sources name them."""
import re
from pathlib import Path

DAEMON = Path(__file__).resolve().parents[2] / "appliance" / "daemon"
TABLE = re.compile(r"\bconst struct flow_step (\w+)\[\] = \{(.*?)\{0\}", re.S)
STEP = re.compile(r"\{\"([^\"]+)\",")


def steps():
    """"room/file.c table.step" of every step there is."""
    return [f"{path.relative_to(DAEMON)} {table}.{step}" for path in sorted(DAEMON.rglob("*.c"))
            for table, rows in TABLE.findall(path.read_text()) for step in STEP.findall(rows)]


def tables():
    """How often a table of steps is written at all, whatever it looks like."""
    return sum(len(re.findall(r"\bstruct flow_step \w+\[\w*\]", path.read_text())) for path in DAEMON.rglob("*.c"))
