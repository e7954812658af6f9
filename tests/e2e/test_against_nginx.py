"""What nginx refuses the gateway refuses, and what both take, both end alike: short runs of two fuzzers, always the same.

The long ones are by hand: tests/fuzz/against-nginx.py --seconds 600 --seed 2, and answers-against-nginx.py."""
import os
import subprocess
import sys
from pathlib import Path

FUZZERS = Path(__file__).resolve().parents[1] / "fuzz"


def nothing_differs(fuzzer, cases):
    done = subprocess.run([sys.executable, FUZZERS / fuzzer, "--cases", str(cases), "--seed", "1"], capture_output=True,
                          text=True, check=False, timeout=300, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
    assert ", 0 differ" in done.stdout


def test_no_request_that_nginx_refuses_is_passed_on():
    nothing_differs("against-nginx.py", 15000)


def test_no_answer_that_nginx_refuses_is_passed_on():
    nothing_differs("answers-against-nginx.py", 1000)
