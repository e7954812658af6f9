"""The same appliance and git server as the end-to-end tests."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from e2e_fixtures import appliance, server, shared_folder  # noqa: E402,F401
