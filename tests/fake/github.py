# A small GitHub on loopback: repositories over git's smart HTTP, and the one question of its API that is asked.
# SPDX-License-Identifier: BSD-3-Clause
"""GitHub(folder): <folder>/<user>/<repository> are served at `site`, as GitHub does: 401 for what is not there.

`api` answers GET /repos/<user>/<repository>/commits/<ref>. A test may set `remaining` (questions until the limit),
`reset` (seconds from now), `token` (the one that has no limit) and `fault` (status and reason of every answer).
`asked` are the questions so far: path, header fields, status.
"""
import json
import os
import re
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

API = "/api/v3"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        if self.path.startswith(API + "/"):
            self.server.github.answer(self)
        else:
            self.git()

    def do_POST(self):
        self.git()

    def say(self, status, body=b"", reason=None, **fields):
        self.send_response(status, reason)
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), str(value))
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def body(self):
        if self.headers.get("Transfer-Encoding", "") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def git(self):
        body = self.body()
        path, _, query = self.path.partition("?")
        if not self.server.github.has("/".join(path.split("/")[1:3])):
            return self.say(401, WWW_Authenticate='Basic realm="GitHub"')
        answer = subprocess.run(
            ["git", "http-backend"], input=body, stdout=subprocess.PIPE, check=False,
            env={"PATH": os.environ["PATH"], "GIT_PROJECT_ROOT": str(self.server.github.folder),
                 "GIT_HTTP_EXPORT_ALL": "1", "REQUEST_METHOD": self.command, "PATH_INFO": path, "QUERY_STRING": query,
                 "CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                 "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
                 "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", "")}).stdout
        head, _, rest = answer.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        status = int(fields.pop("Status", "200").split()[0])
        return self.say(status, rest, **fields)


class GitHub:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.remaining, self.reset, self.token, self.fault = 60, 3600, None, None
        self.asked = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.github = self
        self.port = self.server.server_address[1]
        self.site = f"http://127.0.0.1:{self.port}"
        self.api = self.site + API
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def has(self, repository):
        return (self.folder / repository / ".git").is_dir()

    def commit(self, repository, ref):
        found = subprocess.run(["git", "-C", self.folder / repository, "rev-parse", "--verify", "--quiet",
                                f"{ref}^{{commit}}"], stdout=subprocess.PIPE, text=True, check=False)
        return found.stdout.strip()

    def answer(self, request):
        """(status, JSON, ETag); a 304 costs nothing of the limit."""
        status, what, etag = self._answer(request)
        self.asked.append((request.path.removeprefix(API), dict(request.headers), status))
        reason = self.fault[1] if self.fault else None
        request.say(status, b"" if status == 304 else json.dumps(what).encode(), reason,
                    Content_Type="application/json; charset=utf-8", X_RateLimit_Limit=60,
                    X_RateLimit_Remaining=self.remaining, X_RateLimit_Reset=int(time.time()) + self.reset,
                    **({"ETag": etag} if etag else {}))

    def _answer(self, request):
        path = re.fullmatch(r"/repos/([^/]+/[^/]+)/commits/(.+)", request.path.removeprefix(API))
        free = self.token and request.headers.get("Authorization") == f"token {self.token}"
        if self.fault:
            return self.fault[0], {"message": "Server Error"}, None
        if request.headers.get("Authorization") and not free:
            return 401, {"message": "Bad credentials"}, None
        if not path or not self.has(path[1]):
            return 404, {"message": "Not Found"}, None
        commit = self.commit(path[1], path[2])
        etag = f'W/"{commit}"' if commit else None
        if etag and request.headers.get("If-None-Match") == etag:
            return 304, None, etag
        if not free and self.remaining == 0:
            return 403, {"message": "API rate limit exceeded"}, None
        self.remaining -= 0 if free else 1
        if not commit:
            return 422, {"message": f"No commit found for SHA: {path[2]}"}, None
        return 200, {"sha": commit, "commit": {"message": "a change"}}, etag
