"""The readable conversations with the gateway (tests/vtc); what it refuses is said to nginx first."""
import subprocess
from pathlib import Path

import pytest

from ringbinder import gateway as gw
from ringbinder.appliance import free_port
from ringbinder.nginx import Nginx

VTC = Path(__file__).resolve().parents[1] / "vtc"
FILES = sorted(VTC.glob("*.vtc"))
COMPARED = [path for path in FILES if "${front}" in path.read_text()]
# Behind what is refused: nobody may take it for a request.
NEXT = r"GET /user/me/next HTTP/1.1\r\nHost: a\r\n\r\n"


def converse(file, folder, **macros):
    done = subprocess.run(["varnishtest", "-t", "20", *(f"-D{name}={value}" for name, value in macros.items()), file],
                          cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6000:]


@pytest.mark.parametrize("file", COMPARED, ids=lambda path: path.stem)
def test_conversation_with_nginx(file, tmp_path):
    """${taken} is how nginx answers what it takes and the gateway does not."""
    backend = f"127.0.0.1:{free_port()}"
    nginx = Nginx(tmp_path / "nginx", backend)
    try:
        converse(file, tmp_path, front=f"127.0.0.1:{nginx.port}", backend=backend, taken=200, next=NEXT)
    finally:
        nginx.stop()


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.stem)
def test_conversation(gateway, file, tmp_path):
    """`me` is a server at ${backend}, `asleep` is held, `gone` has ended with RB1004, `idle` has with RB1609 at a time
    and from a link that are known, `hostile` with a sentence that is a tag."""
    port = free_port()
    gateway.open("me", port)
    gateway.set("WAKE_MS", 1000)
    gateway.hold("asleep")
    gateway.close("gone", 1004)
    gateway.text(gw.PORTAL_URL, "https://portal.example/")
    gateway.close("idle", 1609, ended=1795525200, again="v2/git/https%3A%2F%2Fexample.org%2Fa/HEAD?a=b&c=%22",
                  why="nobody worked in it for <b>10</b> minutes")
    gateway.close("hostile", 1609, why="<img src=x onerror=alert(1) ")
    converse(file, tmp_path, sessions=f"127.0.0.1:{gateway.sessions}", portal=f"127.0.0.1:{gateway.portal}",
             front=f"127.0.0.1:{gateway.sessions}", backend=f"127.0.0.1:{port}", portal_backend=gateway.portal_path,
             taken=400, next=NEXT)
