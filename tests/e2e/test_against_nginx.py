"""What nginx refuses the gateway refuses, and what both take, both end alike: a short run of the fuzzer.

The long one is by hand: tests/fuzz/against-nginx.py --seconds 600 --seed 2"""
import os
import subprocess
import sys
from pathlib import Path

FUZZER = Path(__file__).resolve().parents[1] / "fuzz" / "against-nginx.py"


def test_nothing_that_nginx_refuses_is_passed_on():
    done = subprocess.run([sys.executable, FUZZER, "--cases", "15000", "--seed", "1"], capture_output=True, text=True,
                          check=False, timeout=300, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
    assert " conversations, 0 differ" in done.stdout
