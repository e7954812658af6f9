"""What the lanes promise, on a real engine: whose files a Dockerfile can read, and what configuration files come to."""
import contextlib
import hashlib
import http.server
import io
import ipaddress
import json
import subprocess
import tarfile
import threading
import time
import zipfile
from pathlib import Path

import pytest
from e2e_fixtures import STUB
from ringbinder import engine
from ringbinder.appliance import BUILD, TOP
from ringbinder.launch import events_of, launch, spec
from ringbinder.notebook import Session

BASE = "ringbinder/debian:1"
CASES = json.loads((TOP / "tests/unit/data/packs.json").read_text())
SECRET = "these bytes are another repository's"


def fails(appliance, server, name, files):
    """The sentence of its `failed` event, and the log in front of it."""
    server.repository(name, files)
    events = events_of(appliance.portal, f"/build/git/{spec(server.url(name))}", timeout=300)
    assert events[-1]["phase"] == "failed", events
    return events[-1]["message"], "".join(e["message"] for e in events[:-1])


def unique(name):
    return f"{name}-{time.time_ns()}"


# ---- images of others ----

@pytest.fixture(scope="module")
def victim(appliance, server):
    """The name of the image of a repository with a secret in it."""
    server.repository("victim", {"Dockerfile": STUB + "COPY secret /secret\n", "secret": SECRET})
    events = launch(appliance.portal, server.url("victim"))["events"]
    name = next(e["imageName"] for e in events if e.get("imageName"))
    assert engine.has_image(name)
    return name


def built_by_hand(dockerfile):
    """What the engine itself says to a build of these lines: None, or its error."""
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as tar:
        entry = tarfile.TarInfo("Dockerfile")
        entry.size = len(dockerfile)
        tar.addfile(entry, io.BytesIO(dockerfile.encode()))
    _, answer = engine.ask("POST", "/build?version=2&t=test-lanes:by-hand", context.getvalue())
    engine.ask("DELETE", "/images/test-lanes:by-hand")
    records = [json.loads(line) for line in answer.splitlines()] if isinstance(answer, bytes) else [answer]
    return next((r["errorDetail"]["message"] for r in records if "errorDetail" in r), None)


THEFTS = {
    "from": "FROM {image}\n",
    "registry": "FROM docker.io/{image}\n",
    "quotes": "FROM 'ring'\"binder\"{rest}\n",
    "escape": "FROM ring\\binder{rest}\n",
    "argument": "ARG A=ring\nARG B=${{A}}binder\nFROM ${{C:-$B}}{rest}\n",
    "unseen": "\u00a0FROM {image}\n",
    "copy": "FROM scratch\nCOPY --from={image} /secret /stolen\n",
    "copy-continued": "FROM scratch\nCOPY --chown=1\\\n\u00a0\n # why\n --from={image} /secret /stolen\n",
    "mount": f"FROM {BASE}\nRUN --mount=from={{image}},target=/m grep bytes /m/secret\n",
    "mount-quotes": f"FROM {BASE}\nRUN --mount='\"from={{image}}\"',target=/m grep bytes /m/secret\n",
}


@pytest.mark.parametrize("way", THEFTS)
def test_a_dockerfile_cannot_read_another_repositorys_image(appliance, server, victim, way):
    dockerfile = THEFTS[way].format(image=victim, rest=victim.removeprefix("ringbinder"))
    assert built_by_hand(dockerfile) is None, "the engine itself would do it, else this proves nothing"
    message, _ = fails(appliance, server, unique(way), {"Dockerfile": dockerfile})
    assert message.startswith("Dockerfile:") and len(message) > 60, message
    assert "RB1404" in appliance.journal() or "RB1405" in appliance.journal()


def test_ids_of_images_are_refused_before_the_engine_sees_them(appliance, server, victim):
    image_id = engine.ask("GET", f"/images/{victim}/json")[1]["Id"]
    for name in (image_id, image_id[7:], image_id[7:19]):
        message, _ = fails(appliance, server, unique("id"), {"Dockerfile": f"FROM {name}\n"})
        assert "the id of an image of this machine" in message


# ---- what builds here do not have ----

@pytest.mark.parametrize("step, sentence", [
    ("RUN --mount=type=secret,id=x,required=false true", "builds here are handed no secrets"),
    ("RUN --mount=type=ssh true", "builds here are handed no secrets"),
    ("RUN --network=host true", "not let into this machine's own network"),
    ("RUN --security=insecure true", "no rights"),
    ("NOTHING of that kind", '"NOTHING" is no instruction'),
])
def test_what_builds_do_not_have_is_refused_with_its_line(appliance, server, step, sentence):
    message, _ = fails(appliance, server, unique("step"), {"Dockerfile": f"FROM {BASE}\n\n{step}\n"})
    assert message.startswith("Dockerfile:3: ") and sentence in message, message


@pytest.mark.parametrize("step, sentence", [
    ("RUN <<EOF\ntrue\nEOF", "RUN with a heredoc (<<) needs a newer container engine"),
    ("COPY --link a /a", "COPY with the flag --link needs a newer container engine"),
])
def test_what_engine_20_10_cannot_is_refused_with_its_line(appliance, server, step, sentence):
    if int(engine.ask("GET", "/version")[1]["Version"].split(".")[0]) >= 23:
        pytest.skip("this engine can")
    message, _ = fails(appliance, server, unique("old"), {"Dockerfile": f"FROM {BASE}\n\n{step}\n"})
    assert message.startswith("Dockerfile:3: ") and sentence in message, message


def test_a_cache_is_not_shared_with_another_repository(appliance, server):
    cache = f"RUN --mount=type=cache,target=/c,id={unique('shared')}"
    writes = f"FROM {BASE} AS work\nUSER root\n{cache} echo poison > /c/wheel\n{cache} grep poison /c/wheel\n"
    reads = f"FROM {BASE} AS work\nUSER root\n{cache} test ! -e /c/wheel && touch /empty\n"
    for name, lines in (("writes", writes), ("reads", reads)):
        name = unique(name)
        server.repository(name, {"Dockerfile": lines + "FROM ringbinder/stub:1\nCOPY --from=work /etc/hostname /x\n"})
        launch(appliance.portal, server.url(name))


# ---- certificates ----

def test_certificates_keep_the_lines(own_appliance, shared_folder, server):
    bundle = shared_folder / "extra.crt"
    bundle.write_text("-----BEGIN CERTIFICATE-----\nof nobody\n-----END CERTIFICATE-----\n")
    bundle.chmod(0o644)
    one = own_appliance(extra_ca=bundle)
    looks = 'grep "of nobody" "$SSL_CERT_FILE" "$PIP_CERT"'
    message, _ = fails(one, server, unique("lines"),
                       {"Dockerfile": f"FROM {BASE} AS a\nRUN {looks}\nFROM {BASE}\n\nCOPY alone\n"})
    assert "parse error line 5:" in message or "parse error on line 5:" in message, message
    name = unique("certified")
    server.repository(name, {"Dockerfile": f"FROM {BASE} AS a\nRUN {looks} > /tmp/x\n{STUB}COPY --from=a /tmp/x /x\n"})
    launch(one.portal, server.url(name))


# ---- ignore rules, and a context that is the root ----

def test_a_dockerfile_in_binder_has_the_whole_repository_but_for_what_is_ignored(appliance, server):
    name = unique("ignored")
    server.repository(name, {
        ".dockerignore": "*.csv\n!keep.csv\nbinder\n", "big.csv": "x", "keep.csv": "x", "data/more.csv": "x",
        "binder/Dockerfile": f"FROM {BASE} AS a\nCOPY . /t\nRUN cd /t && test -e keep.csv && test -e data/more.csv && "
                             f"test ! -e big.csv && test ! -e binder/other && touch /tmp/ok\n{STUB}"
                             "COPY --from=a /tmp/ok /ok\n", "binder/other": "x"})
    launch(appliance.portal, server.url(name))


# ---- layers ----

def wheel(name, version, requires=()):
    """The bytes of a wheel with one module, which knows its version."""
    out = io.BytesIO()
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(f"{name}.py", f"version = '{version}'\n")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n" +
                         "".join(f"Requires-Dist: {r}\n" for r in requires))
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return out.getvalue()


WHEELS = {f"{name}-{version}-py3-none-any.whl": wheel(name, version, requires) for name, version, requires in [
    ("rbone", "1.0", ()), ("rbone", "2.0", ()), ("rbtwo", "1.0", ()), ("rbthree", "1.0", ("rbtwo",)),
    ("rbnever", "1.0", ())]}


# Builds without asking an index for anything (PEP 517, PEP 660): `-e .` is a wheel that lies there.
BACKEND = """import shutil
def build_editable(folder, settings=None, metadata=None):
    shutil.copy("rblocal.whl", folder + "/rblocal-1.0-py3-none-any.whl")
    return "rblocal-1.0-py3-none-any.whl"
"""


class Index(http.server.BaseHTTPRequestHandler):
    """A package index of the wheels above (PEP 503)."""

    def do_GET(self):
        name = self.path.strip("/").rpartition("/")[2]
        if name in WHEELS:
            body, kind = WHEELS[name], "application/octet-stream"
        else:
            body = "".join(f'<a href="/{w}#sha256={hashlib.sha256(WHEELS[w]).hexdigest()}">{w}</a>\n'
                           for w in WHEELS if w.split("-")[0] == name).encode()
            kind = "text/html"
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def index():
    """Its host and port as a step of a build reaches them: this machine's end of the engine's bridge."""
    subnet = ipaddress.ip_network(engine.ask("GET", "/networks/bridge")[1]["IPAM"]["Config"][0]["Subnet"])
    host = str(next(subnet.hosts()))
    with http.server.ThreadingHTTPServer((host, 0), Index) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield host, serving.server_address[1]
        serving.shutdown()


def test_requirements_mean_what_they_mean_to_pip(appliance, server):
    digest = hashlib.sha256(WHEELS["rbone-1.0-py3-none-any.whl"]).hexdigest()
    checks = ("import rbone, rbtwo, rbthree, rblocal; assert rbone.version == '1.0'; "
              "import importlib.util as u; assert u.find_spec('rbnever') is None")
    name = unique("requirements")
    with index() as (host, port):
        server.repository(name, {
            ".binder/requirements.txt": f"# all kinds of lines\n--index-url http://{host}:{port}/simple\n"
                                        f"--trusted-host {host}\n-c limits/upper.txt\n-r more.txt  # nested\n"
                                        "rbone \\\n  >= 1.0\nrbnever; python_version < '3'\n-e .\n",
            ".binder/limits/upper.txt": "rbone<2\n", ".binder/more.txt": "rbthree[none]==1.*\n",
            "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
            "backend.py": BACKEND, "rblocal.whl": wheel("rblocal", "1.0"), ".binder/postBuild": f"#!/bin/sh -e\npython -c \"{checks}\"\npwd > where\n",
            ".binder/start": "#!/bin/sh\nexport STARTED=yes\nexec \"$@\"\n", "requirements.txt": "no-such-package\n"})
        session = launch(appliance.portal, server.url(name))
        hashed = unique("hashed")
        server.repository(hashed, {"requirements.txt": f"--index-url http://{host}:{port}/simple\n--trusted-host {host}\n"
                                                       f"rbone==1.0 --hash=sha256:{digest}\n"})
        log = "".join(e["message"] for e in launch(appliance.portal, server.url(hashed))["events"] if "message" in e)
    assert "rbone-1.0" in log
    code = "; ".join((checks, "import os; print(os.environ['STARTED'], open('where').read())"))
    assert "yes /home/jovyan" in Session(session).kernel().run(code)


def test_a_wrong_hash_is_pips_own_error(appliance, server):
    with index() as (host, port):
        message, log = fails(appliance, server, unique("wrong"), {
            "requirements.txt": f"--index-url http://{host}:{port}/simple\n--trusted-host {host}\n"
                                f"rbone==1.0 --hash=sha256:{'0' * 64}\n"})
    assert "DO NOT MATCH THE HASHES" in log and message


# ---- configuration files by hostile hands ----

LAUGHS = "a: &a [x, x]\n" + "".join(f"{c}: &{c} [*{p}, *{p}, *{p}, *{p}, *{p}, *{p}, *{p}, *{p}]\n"
                                    for p, c in zip("abcdefgh", "bcdefghi"))


@pytest.mark.parametrize("name, files, sentence", [
    ("shell", {"apt.txt": "tree\ntree; touch /x\n", "requirements.txt": ""}, "apt.txt:2: "),
    ("option", {"apt.txt": "-oAPT::Update::Pre-Invoke::=id\n", "requirements.txt": ""}, "apt.txt:1: "),
    ("bomb", {"environment.yml": LAUGHS}, "environment.yml asks for a conda environment"),
    ("deep-yaml", {"environment.yml": "[" * 10000}, "environment.yml asks for a conda environment"),
    ("deep-toml", {"pyproject.toml": "[project]\nx = " + "[" * 10000 + "\n"}, "pyproject.toml:"),
    ("deep-tables", {"pyproject.toml": "[" + "a." * 10000 + "\n"}, "pyproject.toml:1: "),
    ("deep-json", {"Pipfile.lock": "[" * 10000}, "Pipfile.lock asks for a pipenv environment"),
    ("json-dockerfile", {"Dockerfile": '{"a":' * 10000}, "The Dockerfile is JSON"),
    ("runtime", {"binder/runtime.txt": "python-3.13\n#\n"}, "binder/runtime.txt"),
    ("dashes", {"runtime.txt": "-" * 100000, "requirements.txt": ""}, "runtime.txt:1: "),
    ("both", {"binder/x": "", ".binder/x": ""}, "both a 'binder' and a '.binder'"),
    ("rules", {".dockerignore": "a\n[\n", "requirements.txt": ""}, ".dockerignore: Line 2"),
])
def test_hostile_configuration_is_refused_at_once(appliance, server, name, files, sentence):
    begin = time.monotonic()
    message, _ = fails(appliance, server, unique(name), files)
    assert sentence in message, message
    assert time.monotonic() - begin < 10


# ---- explain ----

@pytest.mark.parametrize("case", CASES)
def test_explain_tells_the_recorded_pack(tmp_path, case):
    for path, text in CASES[case]["files"].items():
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    ran = subprocess.run([str(Path(BUILD) / "ringbinder"), "explain", "--json", str(tmp_path)], capture_output=True,
                         text=True, check=False, timeout=20)
    told = json.loads(ran.stdout)
    assert told["pack"] == CASES[case]["pack"]
    lane = {"dockerfile": "dockerfile", "layers": "layers"}.get(CASES[case]["outcome"])
    assert told["lane"] == lane and (lane or told["code"] == CASES[case]["outcome"])
    assert ran.returncode == (0 if lane else 2) and told["why"]
