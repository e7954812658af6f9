"""The stub answers as much of a Jupyter server's address space as launches and relays look at."""
# SPDX-License-Identifier: BSD-3-Clause
import http.client
import json
import os
import pathlib
import socket
import subprocess
import time

import pytest
import websocket
from ringbinder.appliance import free_port

SOURCE = pathlib.Path(__file__).resolve().parents[2] / "images/stub/stub.c"
BASE, TOKEN = "/user/x/", "T0ken"


@pytest.fixture(scope="module")
def binary(tmp_path_factory):
    out = tmp_path_factory.mktemp("stub") / "stub"
    subprocess.run(["gcc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-g", "-fsanitize=address,undefined", "-pthread",
                    "-o", out, SOURCE], check=True)
    return out


@pytest.fixture(scope="module")
def port(binary):
    number = free_port()
    process = subprocess.Popen([binary, "python3", "-c", "a launcher", "--ip=0.0.0.0", f"--port={number}",
                                f"--NotebookApp.base_url={BASE}", f"--ServerApp.token={TOKEN}"],
                               env={**os.environ, "STUB_KERNELS": '[{"execution_state":"busy"}]'})
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", number)) == 0:
                break
        time.sleep(0.05)
    yield number
    process.terminate()
    assert process.wait(timeout=10) == 0


def get(port, path, **fields):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path, headers=fields)
    answer = connection.getresponse()
    return answer.status, answer.read()


def test_readiness_needs_no_token(port):
    assert get(port, BASE + "api") == (200, b'{"version":"stub"}')


def test_outside_its_base_url_there_is_nothing(port):
    assert get(port, "/api")[0] == 404


def test_everything_else_needs_the_whole_token(port):
    assert get(port, BASE + "api/kernels")[0] == 403
    assert get(port, BASE + "api/kernels?token=" + TOKEN + "x")[0] == 403
    assert get(port, BASE + "api/kernels", Authorization="token " + TOKEN)[0] == 200


def test_kernels_are_what_the_environment_says(port):
    assert json.loads(get(port, f"{BASE}api/kernels?token={TOKEN}")[1]) == [{"execution_state": "busy"}]


def test_bytes_as_many_as_asked_for(port):
    assert len(get(port, f"{BASE}bytes/100000?token={TOKEN}")[1]) == 100000


def test_one_connection_serves_many_requests_with_bodies(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    for size in (0, 10, 50000):
        connection.request("POST", f"{BASE}api/contents?token={TOKEN}", body=b"x" * size)
        answer = connection.getresponse()
        assert (answer.status, answer.read() != b"") == (200, True)


def test_a_websocket_echoes(port):
    client = websocket.create_connection(f"ws://127.0.0.1:{port}{BASE}api/kernels/1/channels?token={TOKEN}", timeout=10)
    for size in (0, 125, 126, 65535, 65536, 500000):
        client.send("y" * size)
        assert client.recv() == "y" * size
    client.close()


def test_it_can_die_with_last_words(binary):
    done = subprocess.run([binary], env={**os.environ, "STUB_EXIT": "3", "STUB_SAY": "no room\ngood bye"},
                          capture_output=True, text=True, timeout=10, check=False)
    assert (done.returncode, done.stderr) == (3, "no room\ngood bye\n")
