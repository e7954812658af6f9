"""One appliance and one git server for most tests; a gateway alone for those of the gateway."""
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from e2e_fixtures import appliance, hello, own_appliance, server, shared_folder, start  # noqa: E402,F401
from ringbinder.gateway import Gateway  # noqa: E402


@pytest.fixture
def gateway(tmp_path):
    g = Gateway(tmp_path)
    yield g
    assert g.stop(), g.journal()
