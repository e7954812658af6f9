"""One appliance and one git server for most tests."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from e2e_fixtures import appliance, hello, own_appliance, server, shared_folder, start  # noqa: E402,F401
