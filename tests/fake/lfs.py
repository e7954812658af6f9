"""A server of large files: the batch API of Git LFS (docs/api/batch.md), downloads only."""
import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def pointer(data):
    """The file that stands for `data` in a repository."""
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{hashlib.sha256(data).hexdigest()}\n" \
           f"size {len(data)}\n"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        lfs = self.server.lfs
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = {"transfer": "basic", "objects": []}
        for one in asked["objects"]:
            lfs.asked.append(one["oid"])
            if one["oid"] in lfs.objects:
                one["actions"] = {"download": {"href": f"{lfs.url}/content/{one['oid']}"}}
            else:
                one["error"] = {"code": 404, "message": "there is no such object"}
            answer["objects"].append(one)
        self.answer(json.dumps(answer).encode(), "application/vnd.git-lfs+json")

    def do_GET(self):
        self.answer(self.server.lfs.objects[self.path.rpartition("/")[2]], "application/octet-stream")

    def answer(self, body, kind):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Lfs:
    """Context manager. objects: {sha256: bytes}; asked: the ids that were asked for."""

    def __init__(self):
        self.objects, self.asked = {}, []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.lfs = self
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def add(self, data):
        """Keeps it; returns its pointer."""
        self.objects[hashlib.sha256(data).hexdigest()] = data
        return pointer(data)

    def files(self, more):
        """What a repository with large files has, and `more`."""
        return {".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n",
                ".lfsconfig": f"[lfs]\n\turl = {self.url}/lfs\n", "requirements.txt": "numpy\n", **more}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
