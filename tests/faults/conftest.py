"""Faults run against whole appliances, with the fixtures of the end-to-end tests."""
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE.parent / "e2e")]
from e2e_fixtures import server, shared_folder  # noqa: E402,F401
