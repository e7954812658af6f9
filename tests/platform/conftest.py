"""Whole appliances on the supported platform, with the fixtures of the end-to-end tests."""
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "lib"), str(TESTS / "e2e")]
from e2e_fixtures import own_appliance, server, shared_folder  # noqa: E402,F401
