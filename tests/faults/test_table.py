"""The table of faults is what the tests say."""
import subprocess
from pathlib import Path

TABLE = Path(__file__).resolve().parent / "table"


def test_the_table_is_true():
    """The table of faults and the tests go apart | a test changes and nobody runs `tests/faults/table` | this check
    fails"""
    done = subprocess.run([TABLE, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
