"""A visitor at a running session: pages, kernels, cells over a WebSocket, as JupyterLab does it."""
import json
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

import websocket


class Session:
    """`ready` is the event of that name."""

    def __init__(self, ready):
        self.url, self.token = ready["url"], ready["token"]

    def ask(self, path, method="GET", body=None, timeout=60):
        """(status, bytes)"""
        request = urllib.request.Request(self.url + path, method=method,
                                         data=None if body is None else json.dumps(body).encode(),
                                         headers={"Authorization": f"token {self.token}",
                                                  "Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as refusal:
            return refusal.code, refusal.read()

    def json(self, path, method="GET", body=None):
        status, text = self.ask(path, method, body)
        if status >= 300:
            raise RuntimeError(f"{method} {path}: {status} {text[:300]!r}")
        return json.loads(text) if text else None

    def kernel(self):
        return Kernel(self)

    def notebook_cells(self, name):
        content = self.json(f"api/contents/{urllib.parse.quote(name)}")["content"]
        return ["".join(cell["source"]) for cell in content["cells"] if cell["cell_type"] == "code"]


class Kernel:
    """A kernel and its WebSocket through the gateway."""

    def __init__(self, session):
        self.id = session.json("api/kernels", "POST", {"name": "python3"})["id"]
        address = session.url.replace("http://", "ws://", 1)
        self.socket = websocket.create_connection(
            f"{address}api/kernels/{self.id}/channels?token={urllib.parse.quote(session.token)}", timeout=60)

    def send(self, code):
        """Sends a cell; returns its message id."""
        header = {"msg_id": uuid.uuid4().hex, "username": "visitor", "session": uuid.uuid4().hex,
                  "msg_type": "execute_request", "version": "5.3", "date": time.strftime("%Y-%m-%dT%H:%M:%SZ")}
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {},
                   "allow_stdin": False, "stop_on_error": True}
        self.socket.send(json.dumps({"header": header, "parent_header": {}, "metadata": {}, "content": content,
                                     "channel": "shell"}))
        return header["msg_id"]

    def outputs(self, message, limit_s=60):
        """The text of a cell as it comes, until it is idle; an exception of the cell is raised here."""
        deadline = time.monotonic() + limit_s
        while time.monotonic() < deadline:
            told = json.loads(self.socket.recv())
            if told.get("parent_header", {}).get("msg_id") != message:
                continue
            kind, content = told["msg_type"], told["content"]
            if kind == "stream":
                yield content["text"]
            elif kind in ("execute_result", "display_data"):
                yield content["data"].get("text/plain", "")
            elif kind == "error":
                raise RuntimeError(f"{content['ename']}: {content['evalue']}")
            elif kind == "status" and content["execution_state"] == "idle":
                return
        raise RuntimeError(f"the cell did not end within {limit_s} s")

    def run(self, code, limit_s=60):
        return "".join(self.outputs(self.send(code), limit_s))

    def close(self):
        self.socket.close()
