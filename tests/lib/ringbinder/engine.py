"""The engine's API, for looking at what an appliance leaves there; never the docker command (decisions 46)."""
import contextlib
import http.client
import json
import os
import socket
import time
import urllib.parse

SOCKET = os.environ.get("RB_ENGINE_SOCKET", "/var/run/docker.sock")


class _UnixConnection(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(SOCKET)


@contextlib.contextmanager
def at(path):
    """Another engine's socket is the one that is asked."""
    global SOCKET
    before, SOCKET = SOCKET, str(path)
    try:
        yield
    finally:
        SOCKET = before


def ask(method, path, body=None, timeout=120):
    """(status, JSON or bytes)"""
    connection = _UnixConnection("engine", timeout=timeout)
    payload = json.dumps(body).encode() if isinstance(body, (dict, list)) else body
    kind = "application/json" if isinstance(body, (dict, list)) else "application/x-tar"
    connection.request(method, path, payload, {"Content-Type": kind} if body is not None else {})
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    if answer.headers.get_content_type() == "application/json" and text:
        try:
            return answer.status, json.loads(text)
        except ValueError:
            pass
    return answer.status, text


def of_instance(kind, instance):
    """containers, networks or images that carry the label of an instance."""
    filters = urllib.parse.quote(json.dumps({"label": [f"io.ringbinder.instance={instance}"]}))
    _, found = ask("GET", f"/{kind}/json?all=1&filters={filters}" if kind != "networks"
                   else f"/networks?filters={filters}")
    return found


def containers_left(instance, named="", limit_s=5):
    """Names of images whose containers are still there; waits for the sweeper, which comes behind what it sweeps."""
    deadline = time.monotonic() + limit_s
    while True:
        left = [c["Image"] for c in of_instance("containers", instance) if named in c["Image"]]
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.05)


def remove_images(instance):
    for image in of_instance("images", instance):
        ask("DELETE", f"/images/{image['Id']}?force=1")


def has_image(name):
    return ask("GET", f"/images/{name}/json")[0] == 200
