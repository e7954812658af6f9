#!/usr/bin/python3
# A container engine behind a unix socket that does what a test tells it to: late, wrong, or not at all.
# SPDX-License-Identifier: BSD-3-Clause
"""engine.py SOCKET: keeps containers, networks and images in memory until it is killed.

A test speaks to it by POST /fake with a JSON object:
    {"fault": "POST /containers/create", "status": 500, "message": "...", "times": 1, "delay": 0.2, "body": "..."}
        the next `times` requests whose method and path (without version) begin so get that; status 0: none, the
        connection is closed; no status: only the delay
    {"set": {"ApiVersion": "1.41", ...}}    what GET /version says beside its defaults
    {"image": "name", "labels": {...}}      there is such an image
    {"end": "container name", "code": 137}  it dies
    {"forget_events": true}                 every stream of events is closed
GET /fake answers with the requests so far, one "METHOD path" a line.
"""

import json
import os
import re
import socketserver
import sys
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler

FAR = 3600  # seconds: "does not answer"


class State:
    def __init__(self):
        self.lock = threading.Condition()
        self.version = {"ApiVersion": "1.41", "MinAPIVersion": "1.12", "Version": "20.10.24",
                        "Components": [{"Name": "Engine"}]}
        self.info = {"InitBinary": "docker-init", "CgroupVersion": "2"}
        self.containers, self.networks, self.images = {}, {}, {}
        self.faults, self.requests, self.events = [], [], []
        self.eras = 0  # of event streams: those of an older one are closed
        self.made = 0

    def event(self, action, container):
        self.events.append({"Type": "container", "Action": action,
                            "Actor": {"ID": container["Id"], "Attributes": container["Config"]["Labels"]}})
        self.lock.notify_all()

    def next_id(self):
        self.made += 1
        return f"{self.made:064x}"


STATE = State()


def tell(order):
    with STATE.lock:
        if "fault" in order:
            STATE.faults.append({"times": 1, **order})
        if "set" in order:
            STATE.version.update(order["set"])
        if "image" in order:
            STATE.images[order["image"]] = {"Id": f"sha256:{STATE.next_id()}", "Size": 1000,
                                            "Config": {"Labels": order.get("labels")}}
        if "end" in order:
            container = STATE.containers[order["end"]]
            container["State"] = {"Status": "exited", "ExitCode": order.get("code", 0)}
            STATE.event("die", container)
        if "forget_events" in order:
            STATE.eras += 1
            STATE.lock.notify_all()


def fault_for(line):
    with STATE.lock:
        for fault in STATE.faults:
            if fault["times"] > 0 and line.startswith(fault["fault"]):
                fault["times"] -= 1
                return fault
    return None


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def address_string(self):
        return "unix"

    def log_message(self, *args):
        pass

    def reply(self, status, body=None):
        bytes_ = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        if status not in (204, 304):
            self.send_header("Content-Length", str(len(bytes_)))
        self.end_headers()
        if status not in (204, 304):
            self.wfile.write(bytes_)

    def refuse(self, status, message):
        self.reply(status, {"message": message})

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def do(self):
        body = self.body()
        path = re.sub(r"^/v1\.\d+", "", self.path)
        line = f"{self.command} {path}"
        if path == "/fake":
            if self.command == "POST":
                tell(json.loads(body))
            return self.reply(200, "\n".join(STATE.requests).encode())
        with STATE.lock:
            STATE.requests.append(line)
        fault = fault_for(line)
        if fault:
            time.sleep(FAR if fault.get("delay") == "far" else fault.get("delay", 0))
            if fault.get("status") == 0:
                self.close_connection = True
                return None
            if "status" in fault:
                return self.reply(fault["status"], fault["body"].encode() if "body" in fault
                                  else {"message": fault.get("message", "")})
        return self.answer(path, body)

    do_GET = do_POST = do_DELETE = do_HEAD = do

    def answer(self, path, body):
        parts = urllib.parse.urlsplit(path)
        query = dict(urllib.parse.parse_qsl(parts.query))
        for method, pattern, handler in ROUTES:
            match = re.fullmatch(pattern, parts.path)
            if match and method == self.command:
                return handler(self, query, body, *map(urllib.parse.unquote, match.groups()))
        return self.refuse(404, "page not found")

    # ---- what an engine answers ----

    def ping(self, query, body):
        self.reply(200, b"OK")

    def version(self, query, body):
        self.reply(200, STATE.version)

    def info(self, query, body):
        self.reply(200, STATE.info)

    def watch(self, query, body):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.flush()
        with STATE.lock:
            era, seen = STATE.eras, len(STATE.events)
        while True:
            with STATE.lock:
                STATE.lock.wait_for(lambda: len(STATE.events) > seen or STATE.eras != era)
                fresh, seen, over = STATE.events[seen:], len(STATE.events), STATE.eras != era
            for event in fresh:
                line = json.dumps(event).encode() + b"\n"
                self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
            self.wfile.flush()
            if over:
                self.wfile.write(b"0\r\n\r\n")
                return

    def container(self, name):
        container = STATE.containers.get(name)
        if not container:
            self.refuse(404, f"No such container: {name}")
        return container

    def create(self, query, body):
        wanted, name = json.loads(body), query["name"]
        with STATE.lock:
            if wanted["Image"] not in STATE.images:
                return self.refuse(404, f"No such image: {wanted['Image']}")
            if name in STATE.containers:
                return self.refuse(409, f'Conflict. The container name "/{name}" is already in use')
            STATE.containers[name] = {"Id": STATE.next_id(), "Name": f"/{name}", "Config": wanted,
                                      "State": {"Status": "created", "ExitCode": 0}, "NetworkSettings": {}}
            return self.reply(201, {"Id": STATE.containers[name]["Id"], "Warnings": []})

    def start(self, query, body, name):
        with STATE.lock:
            container = self.container(name)
            if not container:
                return None
            if container["State"]["Status"] == "running":
                return self.reply(304)
            network = container["Config"]["HostConfig"]["NetworkMode"]
            container["State"] = {"Status": "running", "ExitCode": 0}
            container["NetworkSettings"] = {"Networks": {network: {"IPAddress": "127.0.0.1"}}}
            STATE.event("start", container)
            return self.reply(204)

    def stop(self, query, body, name):
        with STATE.lock:
            container = self.container(name)
            if not container:
                return None
            if container["State"]["Status"] != "running":
                return self.reply(304)
            container["State"] = {"Status": "exited", "ExitCode": 143}
            STATE.event("die", container)
            return self.reply(204)

    def remove(self, query, body, name):
        with STATE.lock:
            container = self.container(name)
            if not container:
                return None
            del STATE.containers[name]
            STATE.event("destroy", container)
            return self.reply(204)

    def inspect(self, query, body, name):
        with STATE.lock:
            container = self.container(name)
            if container:
                self.reply(200, container)

    def logs(self, query, body, name):
        if self.container(name):
            self.reply(200, b"\x02\0\0\0\0\0\0\x05said\n")

    def list(self, query, body):
        with STATE.lock:
            self.reply(200, [{"Id": c["Id"], "Names": [c["Name"]], "Labels": c["Config"]["Labels"],
                              "State": c["State"]["Status"], "NetworkSettings": c["NetworkSettings"],
                              "Status": f"Exited ({c['State']['ExitCode']}) 2 seconds ago"}
                             for c in STATE.containers.values()])

    def network(self, query, body, name):
        if name in STATE.networks:
            return self.reply(200, STATE.networks[name])
        return self.refuse(404, f"network {name} not found")

    def make_network(self, query, body):
        wanted = json.loads(body)
        with STATE.lock:
            if wanted["Name"] in STATE.networks:
                return self.refuse(409, f"network with name {wanted['Name']} already exists")
            STATE.networks[wanted["Name"]] = wanted
            return self.reply(201, {"Id": STATE.next_id()})

    def remove_network(self, query, body, name):
        if STATE.networks.pop(name, None):
            return self.reply(204)
        return self.refuse(404, f"network {name} not found")

    def image(self, query, body, name):
        if name in STATE.images:
            return self.reply(200, STATE.images[name])
        return self.refuse(404, f"No such image: {name}")


ROUTES = [
    ("GET", "/_ping", Handler.ping), ("GET", "/version", Handler.version), ("GET", "/info", Handler.info),
    ("GET", "/events", Handler.watch), ("GET", "/containers/json", Handler.list),
    ("POST", "/containers/create", Handler.create), ("POST", "/containers/([^/]+)/start", Handler.start),
    ("POST", "/containers/([^/]+)/stop", Handler.stop), ("DELETE", "/containers/([^/]+)", Handler.remove),
    ("GET", "/containers/([^/]+)/json", Handler.inspect), ("GET", "/containers/([^/]+)/logs", Handler.logs),
    ("POST", "/networks/create", Handler.make_network), ("GET", "/networks/([^/]+)", Handler.network),
    ("DELETE", "/networks/([^/]+)", Handler.remove_network), ("GET", "/images/(.+)/json", Handler.image),
]


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):  # who asked went away: that is what tests do
            super().handle_error(request, client_address)


def main():
    path = sys.argv[1]
    if os.path.exists(path):
        os.unlink(path)
    Server(path, Handler).serve_forever()


if __name__ == "__main__":
    main()
