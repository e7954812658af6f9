#!/usr/bin/python3
# A container engine behind a unix socket that does what a test tells it to: late, wrong, or not at all.
# SPDX-License-Identifier: BSD-3-Clause
"""engine.py SOCKET: keeps containers, networks and images in memory until it is killed; daemons come and go.

A container that is started listens at an address of loopback of its own and answers as a Jupyter server does whose
kernels are none. A build reads its context and makes an image with the labels that were asked for.

A test speaks to it by POST /fake with a JSON object; each key is an order of its own:
    {"fault": "POST /containers/create", "status": 500, "message": "...", "times": 1, "after": 0, "delay": 0.2, "body": "..."}
        `times` requests whose method and path (without version) begin so, once `after` others have passed, get that; a *
        in it stands for any text;
        status 0: none, the connection is closed; no status: only the delay, or a stall; delay "far": an hour.
        Requests to containers' servers are "SERVE /user/.../api".
    {"fault": "...", "stall": "name", "when": "before"}
        such a request is not answered until the name is released; "after": what it asks for is done first
    {"release": "name", "do": false}        with true, what was asked for is done now; without, it never is
    {"set": {"ApiVersion": "1.41", ...}}    what GET /version says beside its defaults; "set_info": GET /info
    {"image": "name", "labels": {...}}      there is such an image
    {"end": "container name", "code": 137}  it dies
    {"gone": "container name"}              somebody removes it
    {"alive": 20}                           the oldest of those that run die, until so many are left
    {"servers": "answer"}                   of containers that start from now on: "silent", "absent" (nobody listens) or
                                            "exit" (it ends at once, with code 1)
    {"forget_events": true}                 every stream of events is closed
    {"events": "silent"}                    streams stay open and nothing more is told ("all": again, from then on);
                                            "lost": what happens is never told
    {"away": 2.0, "containers": "ended"}    a restart: connections are closed, nobody listens for so long; containers
                                            have ended meanwhile, with code 137, or go on ("kept", live-restore)
    {"clear": true}                         no fault is left, and all that stalls is let go without being done
GET /fake answers with the newest requests, one "METHOD path" a line; GET /fake/state with
    {"containers": {name: state}, "networks": [...], "images": [...], "stalled": {name: how many}, "counts": {kind: n}}
and GET /fake/state?stalled=NAME waits, 10 s at most, until somebody stalls there.
"""

import json
import os
import re
import socket
import socketserver
import sys
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler

from engine_servers import Servers
from engine_state import FAR, Fault, State, listed, wanted_label

STALLED_WAIT_S = 10
BODY_MAX = 64 << 20

STATE = State()
SERVERS = Servers(STATE)


def die(container, code):
    container["State"] = {"Status": "exited", "ExitCode": code}
    SERVERS.stop(container)
    STATE.event("die", container)


def remove(name):
    container = STATE.containers.pop(name)
    SERVERS.stop(container)
    STATE.event("destroy", container)


def clear():
    STATE.faults.clear()
    for name in STATE.stalled:
        STATE.release(name, False)
    STATE.released.clear()


def tell(order):
    with STATE.lock:
        if "clear" in order:
            clear()
        if "fault" in order:
            STATE.released.pop(order.get("stall"), None)
            STATE.faults.append(Fault(order))
        if "release" in order:
            STATE.release(order["release"], order.get("do", False))
        STATE.version.update(order.get("set", {}))
        STATE.info.update(order.get("set_info", {}))
        if "image" in order:
            STATE.add_image(order["image"], order.get("labels"))
        if "end" in order:
            die(STATE.containers[order["end"]], order.get("code", 0))
        if "gone" in order:
            remove(order["gone"])
        if "alive" in order:
            running = [one for one in STATE.containers.values() if one["State"]["Status"] == "running"]
            for container in running[:max(0, len(running) - order["alive"])]:
                die(container, 0)
        STATE.servers = order.get("servers", STATE.servers)
        STATE.telling = order.get("events", STATE.telling)
        if "forget_events" in order:
            STATE.eras += 1
        if "away" in order and order.get("containers") == "ended":
            for container in STATE.containers.values():
                if container["State"]["Status"] == "running":
                    die(container, 137)
        STATE.lock.notify_all()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16

    def address_string(self):
        return "unix"

    def log_message(self, *args):
        pass

    def reply(self, status, body=None):
        bytes_ = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        self.send_response_only(status)
        if status not in (204, 304):
            self.send_header("Content-Length", str(len(bytes_)))
        self.end_headers()
        if status not in (204, 304):
            self.wfile.write(bytes_)

    def refuse(self, status, message):
        self.reply(status, {"message": message})

    def body(self):
        """None where it does not come whole."""
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while True:
            line = self.rfile.readline()
            size = int(line, 16) if line.strip() else -1
            if size < 0 or size > BODY_MAX:
                return None
            part = self.rfile.read(size + 2)
            if len(part) < size + 2:
                return None
            if not size:
                return b"".join(parts)
            parts.append(part[:-2])

    def do(self):
        path = re.sub(r"^/v1\.\d+", "", self.path)
        line = f"{self.command} {path}"
        if path.startswith("/fake"):
            return self.fake(path, self.body())
        fault = STATE.asked(line)
        body = self.body()
        if body is None:
            self.close_connection = True
            return None
        if not fault:
            return self.answer(path, body)
        time.sleep(FAR if fault.delay == "far" else fault.delay)
        if fault.stall:
            return self.stalled(fault, path, body)
        if fault.status == 0:
            self.close_connection = True
            return None
        if fault.status is not None:
            return self.reply(fault.status, {"message": fault.message} if fault.body is None else fault.body.encode())
        return self.answer(path, body)

    do_GET = do_POST = do_DELETE = do_HEAD = do

    def stalled(self, fault, path, body):
        if fault.done_first:
            self.answer(path, body)  # which stays in the buffer: nobody reads it before the release
            if not STATE.stall(fault.stall):
                self.close_connection = True
        elif STATE.stall(fault.stall):
            self.answer(path, body)
        else:
            self.close_connection = True

    def fake(self, path, body):
        if self.command == "POST":
            order = json.loads(body)
            tell(order)
            self.reply(200, {})
            if "away" in order:  # who told it so has its answer first
                self.wfile.flush()
                LISTENER.restart(order["away"])
            return None
        if path == "/fake":
            return self.reply(200, "\n".join(STATE.requests).encode())
        name = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(path).query)).get("stalled")
        with STATE.lock:
            STATE.lock.wait_for(lambda: name is None or STATE.stalled.get(name), STALLED_WAIT_S)
            return self.reply(200, STATE.shown())

    def answer(self, path, body):
        parts = urllib.parse.urlsplit(path)
        query = dict(urllib.parse.parse_qsl(parts.query))
        for method, pattern, handler in ROUTES:
            match = pattern.fullmatch(parts.path)
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

    def chunk(self, bytes_):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(bytes_), bytes_))

    def watch(self, query, body):
        self.send_response_only(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.flush()
        with STATE.lock:
            era, seen = STATE.eras, STATE.events_end()
        while True:
            with STATE.lock:
                STATE.lock.wait_for(lambda: (STATE.events_end() > seen and STATE.telling != "silent")
                                    or STATE.eras != era)
                fresh, seen, over = STATE.events_since(seen), STATE.events_end(), STATE.eras != era
            for event in fresh:
                self.chunk(json.dumps(event).encode() + b"\n")
            if over:
                self.chunk(b"")
                return
            self.wfile.flush()

    def container(self, name):
        container = STATE.containers.get(name)
        if not container:
            self.refuse(404, f"No such container: {name}")
        return container

    def create(self, query, body):
        wanted, name = json.loads(body), query["name"]
        with STATE.lock:
            if not STATE.image(wanted["Image"]):
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
            address = "127.0.0.1" if STATE.servers == "absent" else SERVERS.start(container, STATE.servers == "silent")
            container["NetworkSettings"] = {"Networks": {network: {"IPAddress": address}}}
            STATE.event("start", container)
            if STATE.servers == "exit":
                die(container, 1)
            return self.reply(204)

    def stop(self, query, body, name):
        with STATE.lock:
            container = self.container(name)
            if not container:
                return None
            if container["State"]["Status"] != "running":
                return self.reply(304)
            die(container, 143)
            return self.reply(204)

    def remove(self, query, body, name):
        with STATE.lock:
            if not self.container(name):
                return None
            remove(name)
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
        label = wanted_label(query)
        with STATE.lock:
            self.reply(200, [listed(c) for c in STATE.containers.values()
                             if not label or (c["Config"].get("Labels") or {}).get(label[0]) == label[1]])

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
        with STATE.lock:
            image = STATE.image(name)
        return self.reply(200, image) if image else self.refuse(404, f"No such image: {name}")

    def images(self, query, body):
        label = wanted_label(query)
        with STATE.lock:
            self.reply(200, [{"Id": image["Id"], "Size": image["Size"], "RepoTags": [name]}
                             for name, image in STATE.images.items()
                             if not label or (image["Config"]["Labels"] or {}).get(label[0]) == label[1]])

    def tag(self, query, body, name):
        with STATE.lock:
            image = STATE.image(name)
            if not image:
                return self.refuse(404, f"No such image: {name}")
            STATE.images[f"{query['repo']}:{query['tag']}" if query.get("tag") else query["repo"]] = image
            return self.reply(201)

    def remove_image(self, query, body, name):
        with STATE.lock:
            image = STATE.image(name)
            STATE.images = {of: one for of, one in STATE.images.items() if one is not image}
        return self.reply(200, []) if image else self.refuse(404, f"No such image: {name}")

    def build(self, query, body):
        """A trace of nothing, and the image: no step is run."""
        with STATE.lock:
            image = STATE.add_image(None, json.loads(query.get("labels", "{}")))
        records = [{"id": "moby.buildkit.trace", "aux": ""}, {"id": "moby.image.id", "aux": {"ID": image["Id"]}}]
        self.reply(200, b"".join(json.dumps(record).encode() + b"\n" for record in records))


ROUTES = [(method, re.compile(pattern), handler) for method, pattern, handler in [
    ("GET", "/_ping", Handler.ping), ("GET", "/version", Handler.version), ("GET", "/info", Handler.info),
    ("GET", "/events", Handler.watch), ("GET", "/containers/json", Handler.list),
    ("POST", "/containers/create", Handler.create), ("POST", "/containers/([^/]+)/start", Handler.start),
    ("POST", "/containers/([^/]+)/stop", Handler.stop), ("DELETE", "/containers/([^/]+)", Handler.remove),
    ("GET", "/containers/([^/]+)/json", Handler.inspect), ("GET", "/containers/([^/]+)/logs", Handler.logs),
    ("POST", "/networks/create", Handler.make_network), ("GET", "/networks/([^/]+)", Handler.network),
    ("DELETE", "/networks/([^/]+)", Handler.remove_network), ("GET", "/images/json", Handler.images),
    ("GET", "/images/(.+)/json", Handler.image), ("POST", "/images/(.+)/tag", Handler.tag),
    ("DELETE", "/images/(.+)", Handler.remove_image), ("POST", "/build", Handler.build),
]]


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, path):
        super().__init__(path, Handler)
        self.path, self.connections, self.away_s = path, set(), None

    def process_request(self, request, client_address):
        self.connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request):
        self.connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], (ConnectionError, OSError)):  # who asked went away: that is what tests do
            super().handle_error(request, client_address)

    def restart(self, away_s):
        """From a request's thread: main() goes on."""
        self.away_s = away_s
        threading.Thread(target=self.shutdown, daemon=True).start()

    def drop(self):
        self.server_close()
        for connection in list(self.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


LISTENER = None


def main():
    global LISTENER
    while True:
        if os.path.exists(sys.argv[1]):
            os.unlink(sys.argv[1])
        LISTENER = Server(sys.argv[1])
        LISTENER.serve_forever(poll_interval=0.02)
        LISTENER.drop()
        os.unlink(sys.argv[1])
        time.sleep(LISTENER.away_s)


if __name__ == "__main__":
    main()
