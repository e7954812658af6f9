"""ringbinder-fetch on its own: real repositories, real servers on loopback, the daemon played by the test."""
import contextlib
import hashlib
import http.server
import io
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tarfile
import tempfile
import threading
import time
import zlib
from pathlib import Path
from urllib.parse import quote

import pytest

from ringbinder import fetch
from ringbinder.fetch import Fetch, content, members, unpack
from ringbinder.repository import Repository, git

SYSTEM, TOO_LARGE, MALFORMED_FRAME = 1002, 1005, 1101
RESOLVE_FAILED, FETCH_FAILED, GONE, TREE, ADDRESS, VERSION = range(1330, 1336)
NO_LANE = 1400
STRANGER = 65530  # a user id without a name and without rights

FILES = {"requirements.txt": "numpy\n", "a.ipynb": "{}\n", "postBuild": "#!/bin/bash\ntrue\n", "data/one.csv": "1\n",
         "data/two.csv": "2\n", "deep/er/file": "x" * 100000}


@pytest.fixture(scope="module")
def repository(server):
    one = server.repository("fetched", FILES)
    os.symlink("data/one.csv", one.folder / "link.csv")
    one.commit({"run.sh": "#!/bin/sh\n"}, executable=("run.sh",))
    git(one.folder, "tag", "-a", "-m", "v1", "v1")
    one.first = one.head
    one.commit({"a.ipynb": '{"a": 1}\n'})
    one.url = server.url("fetched")
    return one


def spec(url, ref):
    return f"{quote(url, safe='')}/{quote(ref, safe='')}"


# ---- RESOLVE

def test_a_branch_a_tag_and_head_are_asked_from_the_server(start, repository):
    assert start().resolve(spec(repository.url, "main")) == repository.head
    assert start().resolve(spec(repository.url, "HEAD")) == repository.head
    assert start().resolve(spec(repository.url, "v1")) == git(repository.folder, "rev-parse", "v1")


def test_a_ref_that_is_not_there_is_empty(start, repository):
    assert start().resolve(spec(repository.url, "nothing")) == ""


def test_a_commit_is_taken_as_it_is_without_a_network(start):
    assert start().resolve(spec("https://unreachable.invalid/r", "a" * 40)) == "a" * 40


def test_a_server_that_does_not_answer_is_told_in_gits_words(start):
    code, text = start().resolve(spec("git://127.0.0.1:1/r", "main"))
    assert code == RESOLVE_FAILED
    assert text.startswith("Unable to run git ls-remote to get the `resolved_ref`: fatal: unable to connect")
    assert "Connection refused" in text and "\n" not in text


def test_a_repository_that_is_not_there_is_an_error_and_no_unknown_ref(start, server):
    code, text = start().resolve(spec(server.url("never"), "main"))
    assert code == RESOLVE_FAILED and "repository not exported" in text


def test_a_ref_that_looks_like_an_option_is_none(start, repository, tmp_path):
    code, text = start().resolve(spec(repository.url, f"--upload-pack=touch {tmp_path}/x"))
    assert code and text
    assert explain(repository.url, f"--upload-pack=touch {tmp_path}/x")[0] == 1
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("url", ["ssh://git@127.0.0.1/r", "file:///etc", "ext::sh -c id", "/etc"])
def test_other_protocols_are_refused_with_a_sentence(start, url):
    code, text = start().resolve(spec(url, "main"))
    assert code and text and "Unable to run" not in text


def test_a_spec_that_is_none_and_a_provider_that_is_none(start):
    code, text = start().resolve("nothing")
    assert code and text
    assert start().resolve("a/b/c", provider="nobody")[0] == ADDRESS


# ---- OPEN and CONTEXT

def test_a_plan_and_its_contexts(start, repository):
    fetched = start()
    plan = fetched.open(repository.url, repository.head, "main")
    assert plan["lane"] == 1 and len(plan["dockerfiles"]) == 2 and "requirements.txt" in plan["why"]
    assert f"Fetching {repository.url} at {repository.head}" in fetched.lines
    environment = members(fetched.context(0))
    assert plan["dockerfiles"][0] in environment and "requirements.txt" in environment
    assert not any("ipynb" in name for name in environment)
    tree = members(fetched.context(1))
    at = next(name for name in tree if name.endswith("a.ipynb"))[:-len("a.ipynb")]
    assert tree[f"{at}run.sh"].mode == 0o755 and tree[f"{at}postBuild"].mode == 0o644
    assert tree[f"{at}link.csv"].issym() and tree[f"{at}link.csv"].linkname == "data/one.csv"
    assert tree[f"{at}deep/er/file"].size == 100000 and tree[f"{at}deep/er"].isdir()
    assert {(m.mtime, m.uid, m.gid, m.uname, m.gname) for m in tree.values()} == {(0, 0, 0, "", "")}
    assert list(tree) == sorted(tree)
    assert fetched.end() == (0, "")


def test_the_same_commit_gives_the_same_bytes(start, repository):
    def once():
        fetched = start()
        plan = fetched.open(repository.url, repository.head, "main")
        tars = [fetched.context(n) for n in range(len(plan["dockerfiles"]))]
        assert fetched.end() == (0, "")
        return [hashlib.sha256(tar).hexdigest() for tar in tars]

    assert once() == once()


def test_the_tree_is_a_work_tree_for_git(start, repository, tmp_path):
    fetched = start()
    plan = fetched.open(repository.url, repository.head, "main")
    folder = unpack(content(fetched, plan), tmp_path / "work")
    work = next(folder.rglob(".git")).parent
    assert git(work, "status", "--porcelain", "--untracked-files=no") == ""
    assert git(work, "rev-parse", "HEAD") == repository.head
    assert git(work, "remote", "get-url", "origin") == repository.url
    assert git(work, "fsck") == ""
    (work / "a.ipynb").write_text("changed")
    assert git(work, "status", "--porcelain", "--untracked-files=no") == "M a.ipynb"
    git(work, "fetch", "-q", "--unshallow", "origin")
    assert git(work, "rev-list", "--count", "HEAD") == "3"


def test_a_tag_opens_the_commit_that_it_names(start, repository, tmp_path):
    fetched = start()
    plan = fetched.open(repository.url, git(repository.folder, "rev-parse", "v1"), "v1")
    folder = unpack(content(fetched, plan), tmp_path / "work")
    assert git(next(folder.rglob(".git")).parent, "rev-parse", "HEAD") == repository.first


def test_names_that_are_no_utf8_arrive(start, server, tmp_path):
    one = server.repository("names", {"requirements.txt": "numpy\n"})
    for name in (b"caf\xe9", "caf\u00e9-\u65e5".encode(), b"Icon\r", b"x" * 200):
        (Path(os.fsdecode(os.fsencode(one.folder) + b"/" + name))).write_text("1")
    one.commit({})
    fetched = start()
    plan = fetched.open(server.url("names"), one.head, "main")
    names = {os.fsencode(name).rpartition(b"/")[2] for name in members(content(fetched, plan))}
    assert {b"caf\xe9", "caf\u00e9-\u65e5".encode(), b"Icon\r", b"x" * 200} <= names


def watch_memory(pid, peaks):
    """Adds what it has had at most, in KiB, until it has ended."""
    with contextlib.suppress(OSError, TypeError):
        while True:
            status = Path(f"/proc/{pid}/status").read_text()
            peaks.append(int(re.search(r"^VmHWM:\s+(\d+)", status, re.M)[1]))
            time.sleep(0.01)


def test_large_files_arrive_and_are_never_held_whole(start, server):
    noise = os.urandom(48 << 20)
    rows = "".join(f"{i},{i * 7919 % 100003}\n" for i in range(400000))
    one = server.repository("large-files", {"requirements.txt": "numpy\n", "noise": noise, "rows.csv": rows[:-9]})
    one.commit({"rows.csv": rows, "run": noise[:2 << 20]}, executable=("run",))
    fetched = start()
    peaks = [0]
    threading.Thread(target=watch_memory, args=(fetched.process.pid, peaks), daemon=True).start()
    plan = fetched.open(server.url("large-files"), one.head, "main")
    with tarfile.open(fileobj=io.BytesIO(content(fetched, plan))) as tar:
        bytes_of = {os.path.basename(m.name): (tar.extractfile(m).read(), m.mode) for m in tar if m.isreg()}
    assert bytes_of["noise"] == (noise, 0o644) and bytes_of["run"] == (noise[:2 << 20], 0o755)
    assert bytes_of["rows.csv"][0].decode() == rows
    assert 0 < peaks[-1] < 32 << 10 or "build-sanitizers" in str(fetch.BUILD), f"{peaks[-1]} KiB"


def test_configuration_behind_links_is_read_and_links_outside_are_not(start, server):
    one = server.repository("links", {"docker/env/requirements.txt": "numpy\n", "a": "1"})
    os.symlink("docker/env", one.folder / "binder")
    os.symlink("/etc/passwd", one.folder / "docker/env/apt.txt")
    os.symlink("../../../../etc/hostname", one.folder / "docker/env/postBuild")
    one.commit({})
    fetched = start()
    plan = fetched.open(server.url("links"), one.head, "main")
    assert "binder/requirements.txt" in plan["why"]
    assert b"root:" not in fetched.context(0)


def test_a_dockerfile_with_ignore_rules(start, server):
    one = server.repository("ignoring", {
        "Dockerfile": "FROM debian\n", ".dockerignore": "# rules\ndata\n!data/keep.csv\n*.log\n", "data/keep.csv": "1",
        "data/drop.csv": "2", "a.log": "3", "deep/b.log": "4"})
    fetched = start()
    plan = fetched.open(server.url("ignoring"), one.head, "main")
    assert plan["lane"] == 0 and plan["dockerfiles"] == ["Dockerfile"]
    names = members(fetched.context(0))
    assert {"Dockerfile", ".dockerignore", "data", "data/keep.csv", "deep/b.log", ".git/HEAD"} <= set(names)
    assert not {"data/drop.csv", "a.log"} & set(names)


def test_the_machines_certificates_reach_a_strangers_dockerfile(start, server, tmp_path):
    bundle = tmp_path / "bundle.crt"
    bundle.write_text("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")
    one = server.repository("certified", {"Dockerfile": "FROM debian\nRUN true\n"})
    fetched = start()
    fetched.open(server.url("certified"), one.head, "main", ca_bundle=str(bundle))
    assert b"-----BEGIN CERTIFICATE-----\nMIIB" in fetched.context(0)
    assert start().open(server.url("certified"), one.head, "main", ca_bundle="/nowhere")[0] == SYSTEM


def test_a_repository_that_no_lane_takes(start, server):
    one = server.repository("nothing", {"README": "x"})
    code, text = start().open(server.url("nothing"), one.head, "main")
    assert code == NO_LANE and "No environment specification found" in text


def test_an_empty_repository_of_a_plan(start, server):
    """A tree with nothing in it: no lane, and no crash."""
    one = server.repository("no-files")
    code, _ = start().open(server.url("no-files"), one.commit({}), "main")
    assert code == NO_LANE


# ---- servers

def bare(one, folder):
    git(one.folder.parent, "clone", "-q", "--bare", one.folder, folder)
    git(folder, "update-server-info")


@contextlib.contextmanager
def http_server(handler):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()


class Quiet:
    def log_message(self, *_):
        pass


def test_a_dumb_server_gives_its_whole_history(start, repository, tmp_path):
    bare(repository, tmp_path / "www" / "r.git")

    class Handler(Quiet, http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=str(tmp_path / "www"))

    with http_server(Handler) as url:
        assert start().resolve(spec(f"{url}/r.git", "main")) == repository.head
        for ref, commit in (("main", repository.head), ("main", repository.first), (repository.first,) * 2):
            fetched = start()
            plan = fetched.open(f"{url}/r.git", commit, ref)
            assert plan["lane"] == 1 and any("with their history" in line or "with its history" in line
                                             for line in fetched.lines), plan
            assert members(content(fetched, plan))
        assert start().open(f"{url}/r.git", "2" * 40, "main")[0] == GONE
        assert start().open(f"{url}/r.git", repository.head, "gone")["lane"] == 1


def cgi_handler(root):
    """git's own HTTP server, which hears nothing of protocol 2: so commits are handed out by advertised refs only."""
    class Handler(Quiet, http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            path, _, query = self.path.partition("?")
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            answer = subprocess.run(
                ["git", "http-backend"], input=body, stdout=subprocess.PIPE, check=False,
                env={"PATH": os.environ["PATH"], "GIT_PROJECT_ROOT": str(root), "GIT_HTTP_EXPORT_ALL": "1",
                     "REQUEST_METHOD": self.command, "PATH_INFO": path, "QUERY_STRING": query, "CONTENT_LENGTH":
                     str(len(body)), "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                     "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", "")}).stdout
            head, _, rest = answer.partition(b"\r\n\r\n")
            self.wfile.write(b"HTTP/1.0 200 OK\r\n" + head + b"\r\n\r\n" + rest)

        do_POST = do_GET
    return Handler


def test_a_server_of_the_old_protocol(start, repository, tmp_path):
    bare(repository, tmp_path / "www" / "r.git")
    with http_server(cgi_handler(tmp_path / "www")) as url:
        fetched = start()
        assert fetched.open(f"{url}/r.git", repository.head, "main")["lane"] == 1
        assert not any("by its id" in line for line in fetched.lines)
        fetched = start()
        plan = fetched.open(f"{url}/r.git", repository.first, "main")
        assert plan["lane"] == 1
        assert any("hands out no commit by its id: fetching main" in line for line in fetched.lines)
        assert any("not the newest there: fetching main with its history" in line for line in fetched.lines)


def test_a_commit_that_is_not_there(start, repository):
    code, text = start().open(repository.url, "2" * 40, "main")
    assert code == GONE and "2" * 40 in text
    assert start().open(repository.url, "no commit", "main")[0] == GONE


def test_a_server_that_is_away_is_told_in_gits_words(start):
    code, text = start().open("git://127.0.0.1:1/r", "2" * 40, "main")
    assert code == FETCH_FAILED and "Connection refused" in text


@pytest.mark.parametrize("url", ["ssh://git@127.0.0.1/r", "file:///etc", "ext::sh -c id", "--upload-pack=id"])
def test_addresses_that_are_not_fetched(start, url):
    code, text = start().open(url, "2" * 40, "main")
    assert code == ADDRESS and text


def test_a_redirect_to_another_protocol_is_not_followed(start, repository):
    class Handler(Quiet, http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(302)
            self.send_header("Location", f"file://{repository.folder}/info/refs")
            self.end_headers()

    with http_server(Handler) as url:
        assert start().open(f"{url}/r", repository.head, "main")[0] == FETCH_FAILED


# ---- hostile repositories

def write_object(folder, kind, data):
    raw = kind.encode() + b" %d\0" % len(data) + data
    name = hashlib.sha1(raw).hexdigest()
    path = Path(folder) / ".git" / "objects" / name[:2] / name[2:]
    path.parent.mkdir(exist_ok=True)
    if not path.exists():
        path.write_bytes(zlib.compress(raw))
    return name


def raw_tree(folder, entries):
    """A tree that git would not make: (mode, name, id) as they are."""
    return write_object(folder, "tree", b"".join(mode + b" " + name + b"\0" + bytes.fromhex(i)
                                                 for mode, name, i in entries))


def hostile(server, name, make):
    """The commit of a tree that make(folder) has written."""
    one = server.repository(name, {"requirements.txt": "numpy\n"})
    tree = make(one.folder)
    commit = git(one.folder, "commit-tree", "-m", "hostile", tree)
    git(one.folder, "update-ref", "refs/heads/main", commit)
    return server.url(name), commit


@pytest.mark.parametrize("index, name", enumerate([b"..", b".", b"", b"a/b", b"/etc", b".git", b".GIT"]))
def test_names_that_no_repository_may_have(start, server, index, name):
    url, commit = hostile(server, f"named-{index}", lambda folder: raw_tree(
        folder, [(b"100644", name, write_object(folder, "blob", b"x"))]))
    code, text = start().open(url, commit, "main")
    assert code in (TREE, FETCH_FAILED) and text


def test_a_name_twice(start, server):
    def make(folder):
        blob = write_object(folder, "blob", b"x")
        return raw_tree(folder, [(b"100644", b"a", blob), (b"120000", b"a", blob)])

    code, text = start().open(*hostile(server, "twice", make), "main")
    assert code == TREE and "twice" in text


def test_a_tree_that_unfolds_to_more_entries_than_allowed(start, server):
    def make(folder):
        blob = write_object(folder, "blob", b"x")
        tree = raw_tree(folder, [(b"100644", b"%04d" % n, blob) for n in range(1000)])
        return raw_tree(folder, [(b"40000", b"%04d" % n, tree) for n in range(1000)])

    code, text = start().open(*hostile(server, "unfolding", make), "main")
    assert code == TREE and "100000" in text


def test_a_path_without_end(start, server):
    def make(folder):
        tree = raw_tree(folder, [(b"100644", b"x", write_object(folder, "blob", b"x"))])
        for _ in range(3000):
            tree = raw_tree(folder, [(b"40000", b"d", tree)])
        return tree

    code, text = start().open(*hostile(server, "endless", make), "main")
    assert code == TREE and "too long" in text


def test_files_that_unfold_to_more_bytes_than_allowed(start, server):
    def make(folder):
        blob = write_object(folder, "blob", b"\0" * (1 << 20))
        return raw_tree(folder, [(b"100644", b"%04d" % n, blob) for n in range(5000)])

    code, text = start().open(*hostile(server, "bytes", make), "main")
    assert code == TOO_LARGE and "1073741824" in text


def test_a_transfer_over_the_limit_is_stopped(start, server):
    one = server.repository("large", {"requirements.txt": "numpy\n", "noise": os.urandom(40 << 20)})
    code, text = start().open(server.url("large"), one.head, "main", size_max=4 << 20)
    assert code == TOO_LARGE and str(4 << 20) in text


# ---- the conversation

@pytest.mark.parametrize("bytes_sent", [
    fetch.frame(fetch.CONTEXT, fetch.number(0)), fetch.frame(99, b""), b"\xff" * 20,
    fetch.frame(fetch.LINE, fetch.text("x")), fetch.frame(fetch.RESOLVE, fetch.number(1) + b"\0\0\1"),
    b"GET / HTTP/1.1\r\n\r\n"])
def test_what_begins_no_conversation_ends_it(start, bytes_sent):
    fetched = start()
    fetched.socket.sendall(bytes_sent)
    assert fetched.end()[0] == MALFORMED_FRAME


def test_another_version_says_that_it_is_being_upgraded(start, repository):
    assert start().open(repository.url, repository.head, version=2)[0] == VERSION


@pytest.mark.parametrize("which", [7, 1 << 31])
def test_a_context_that_the_plan_does_not_have(start, repository, which):
    fetched = start()
    fetched.open(repository.url, repository.head)
    assert fetched.context(which)[0] == MALFORMED_FRAME


def test_a_context_comes_once_and_in_order(start, repository):
    fetched = start()
    plan = fetched.open(repository.url, repository.head)
    fetched.context(0)
    assert fetched.context(0)[0] == MALFORMED_FRAME
    fetched = start()
    fetched.open(repository.url, repository.head)
    content(fetched, plan)
    assert fetched.end() == (0, ""), "the first may be passed over"


@contextlib.contextmanager
def silent_server():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening


def children_of(pid):
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[1]) == pid:
                found.append(int(stat.parent.name))
    return found + [grandchild for child in found for grandchild in children_of(child)]


def begin_at_silent_server(fetched, listening, scheme):
    fetched.send(fetch.OPEN, fetch.number(1) + fetch.text(f"{scheme}://127.0.0.1:{listening.getsockname()[1]}/r") +
                 fetch.text("2" * 40) + fetch.text("main") + fetch.text("") * 3 + fetch.number(7) + b"\0" * 4 + b"\x40\0\0\0")
    connection, _ = listening.accept()
    return connection, children_of(fetched.process.pid)


def gone(pids):
    return not any(Path(f"/proc/{pid}").exists() for pid in pids)


@pytest.mark.parametrize("scheme", ["git", "http"])
def test_closing_the_connection_ends_everything(start, scheme):
    with silent_server() as listening:
        fetched = start()
        connection, pids = begin_at_silent_server(fetched, listening, scheme)
        assert pids
        fetched.socket.close()
        fetched.process.wait(5)
        connection.close()
        assert gone(pids)


def test_a_signal_ends_everything(start):
    with silent_server() as listening:
        fetched = start()
        connection, pids = begin_at_silent_server(fetched, listening, "http")
        fetched.process.send_signal(signal.SIGTERM)
        fetched.process.wait(5)
        connection.close()
        assert gone(pids)


def test_a_daemon_that_stops_reading_stops_the_tar(start, server):
    one = server.repository("streamed", {"requirements.txt": "numpy\n", "noise": os.urandom(8 << 20)})
    fetched = start()
    plan = fetched.open(server.url("streamed"), one.head)
    fetched.send(fetch.CONTEXT, fetch.number(len(plan["dockerfiles"]) - 1))
    time.sleep(0.5)
    assert fetched.process.poll() is None
    fetched.socket.close()
    assert fetched.process.wait(5) == 0


def test_a_folder_that_cannot_be_made_is_told_to_the_daemon(start):
    code, text = start(environment={"RB_FETCH_DIR": "/nowhere"}).end()
    assert code == SYSTEM and "/nowhere" in text


def test_without_a_connection_it_says_what_it_is_for():
    done = subprocess.run([fetch.PROGRAM], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "RB1101" in done.stderr


# ---- another user

@pytest.fixture
def open_folder():
    """Where other users may enter: pytest's own folders are closed to them."""
    folder = Path(tempfile.mkdtemp(prefix="fetch-user-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_it_works_as_a_user_without_rights(open_folder, repository):
    program = open_folder / "ringbinder-fetch"
    shutil.copy(fetch.PROGRAM, program)
    secret = open_folder / "secret"
    secret.write_text("x")
    secret.chmod(0o600)
    with Fetch(open_folder / "own", user=STRANGER, program=program) as fetched:
        plan = fetched.open(repository.url, repository.head, "main")
        assert plan["lane"] == 1
        status = Path(f"/proc/{fetched.process.pid}/status").read_text()
        assert f"Uid:\t{STRANGER}\t{STRANGER}\t{STRANGER}\t{STRANGER}" in status
        private = next(iter((open_folder / "own").iterdir()))
        assert private.stat().st_mode & 0o777 == 0o700 and private.stat().st_uid == STRANGER
        assert len(content(fetched, plan)) > 100000
    assert os.listdir(open_folder / "own") == []
    with Fetch(open_folder / "other", user=STRANGER, program=program) as fetched:
        assert fetched.open(repository.url, repository.head, ca_bundle=str(secret))[0] == SYSTEM


# ---- explain

def explain(*arguments):
    done = subprocess.run([fetch.PROGRAM, "explain", *map(str, arguments)], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def test_explain_a_url_and_a_folder_alike(repository):
    code, out, progress = explain(repository.url, "--json")
    assert code == 0 and "Fetching" in progress
    from_url = json.loads(out)
    code, out, progress = explain(repository.folder, "--json")
    assert code == 0 and progress == ""
    assert json.loads(out) == from_url and from_url["lane"] == "layers" and from_url["pack"] == "PythonBuildPack"
    code, out, _ = explain(repository.url, repository.first)
    assert code == 0 and "requirements.txt" in out


def test_explain_says_2_where_no_lane_takes_it_and_1_for_an_error(tmp_path, repository):
    (tmp_path / "README").write_text("x")
    code, out, _ = explain(tmp_path, "--json")
    assert code == 2 and json.loads(out)["lane"] is None
    code, out, errors = explain(tmp_path / "nowhere")
    assert code == 1 and out == "" and "nowhere" in errors
    assert explain(repository.url, "nothing")[0] == 1
    assert explain("git://127.0.0.1:1/r")[0] == 1
    assert explain()[0] == 1


def test_explain_follows_no_link_out_of_the_folder(tmp_path):
    folder = tmp_path / "here"
    folder.mkdir()
    (tmp_path / "requirements.txt").write_text("numpy\n")
    os.symlink("../requirements.txt", folder / "requirements.txt")
    assert explain(folder)[0] == 2
    (folder / "real.txt").write_text("numpy\n")
    (folder / "requirements.txt").unlink()
    os.symlink("real.txt", folder / "requirements.txt")
    assert explain(folder)[0] == 0


def test_an_empty_binder_folder_counts(tmp_path):
    (tmp_path / "requirements.txt").write_text("numpy\n")
    (tmp_path / "binder").mkdir()
    assert explain(tmp_path)[0] == 2
