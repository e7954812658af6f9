"""Faults of repositories: configuration files, names and trees that are made to harm who reads them."""
import threading
import uuid

import pytest
from e2e_fixtures import STUB
from oracles import Faults

PLAN, TOO_LARGE, ANY = "14\\d\\d", "1005", "1[345]\\d\\d"
BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)) + "dependencies: *a11\n"
DEPTH = 10000


@pytest.fixture(scope="module")
def faults(shared_folder, server):
    with Faults(shared_folder / "repositories", server, build_max_age="60s") as running:
        yield running
        running.nothing_left()


def repository(server, files):
    name = uuid.uuid4().hex[:12]
    server.repository(name, files)
    return server.url(name)


FILES = {
    "yaml-bomb": ({"environment.yml": BOMB}, PLAN),
    "yaml-bomb-in-binder": ({"binder/environment.yml": BOMB}, PLAN),
    "yaml-depth": ({"environment.yml": "[" * DEPTH + "]" * DEPTH}, PLAN),
    "yaml-cycle": ({"environment.yml": "dependencies: &a [*a]\n"}, PLAN),
    "toml-depth": ({"pyproject.toml": "a = " + "[" * DEPTH + "]" * DEPTH + "\n"}, PLAN),
    "toml-tables": ({"pyproject.toml": "[" + ".".join(["a"] * DEPTH) + "]\n"}, PLAN),
    "json-depth": ({"Pipfile.lock": "[" * DEPTH + "]" * DEPTH, "Pipfile": ""}, PLAN),
    "json-depth-objects": ({"Pipfile.lock": '{"a":' * DEPTH + "1" + "}" * DEPTH, "Pipfile": ""}, PLAN),
    "apt-shell": ({"requirements.txt": "", "apt.txt": "curl; touch /x\n"}, PLAN),
    "apt-substitution": ({"requirements.txt": "", "apt.txt": "$(touch /x)\n"}, PLAN),
    "apt-option": ({"requirements.txt": "", "apt.txt": "-o APT::Update::Pre-Invoke::=sh\n"}, PLAN),
    "apt-newline": ({"requirements.txt": "", "apt.txt": "curl\\\nRUN touch /x\n"}, PLAN),
    "runtime-nothing": ({"requirements.txt": "", "runtime.txt": "python-\n"}, PLAN),
    "runtime-words": ({"requirements.txt": "", "runtime.txt": "cobol-85 && touch /x\n"}, PLAN),
    "runtime-bytes": ({"requirements.txt": "", "runtime.txt": b"\0\xff" * 1000}, PLAN),
    "runtime-long": ({"requirements.txt": "", "runtime.txt": "python-3." + "9" * 100000}, PLAN),
    "both-folders": ({"binder/requirements.txt": "", ".binder/requirements.txt": ""}, PLAN),
    "large-text": ({"requirements.txt": "#" * (3 << 20)}, TOO_LARGE),
}


@pytest.mark.parametrize("name", FILES)
def test_files_that_are_made_to_harm(faults, server, name):
    """F-list of issue 4: YAML bombs, TOML and JSON at depth 10,000, apt.txt with shell in it, malformed runtime.txt, both
    `binder/` and `.binder/`, a text of 3 MB | one repository each | refused within seconds, with a sentence that names
    the file"""
    files, code = FILES[name]
    ended = faults.fails(repository(server, files), code, limit_s=10)
    named = any(path.split("/")[0].lstrip(".") in ended.message for path in files)
    assert named or name.startswith("toml"), ended.message  # a pyproject.toml that cannot be read is none


def linked(server, links, files):
    """A repository with symbolic links, which git keeps as they are."""
    name = uuid.uuid4().hex[:12]
    made = server.repository(name, files)
    for path, target in links.items():
        (made.folder / path).symlink_to(target)
    made.commit({})
    return server.url(name)


@pytest.mark.parametrize("links", [{"Dockerfile": "/etc/passwd"}, {"binder": "/etc"}, {"requirements.txt": "/proc/self/environ"},
                                   {"Dockerfile": "Dockerfile"}, {"environment.yml": "../../../../etc/passwd"}],
                         ids=["absolute", "folder", "proc", "itself", "climbs"])
def test_links_that_lead_out(faults, server, links):
    """A configuration file is a symbolic link out of the repository, or to itself | links in git's tree | nothing of
    this machine is read: the launch fails, or makes a plain environment, and no byte of the target is told"""
    ended = faults.fails(linked(server, links, {"a.txt": ""}), ANY, limit_s=20)
    assert "root:" not in str(ended.events) and "RB_FETCH" not in str(ended.events)


def test_names_that_nobody_expects(faults, server):
    """Names of files hold newlines, escapes, bytes that are no UTF-8, blanks in front, or 255 bytes | a repository of
    them with a Dockerfile | it is built; the names are in the image"""
    names = {"a\nb": "", "c\x1b[2Jd": "", " e": "", "-rf": "", "f" * 255: "", "g\\h": "", "*": ""}
    assert faults.ready(repository(server, {"Dockerfile": STUB + "COPY . /home/\n", **names}))["url"]
    faults.others_are_well()
    faults.end_sessions()


def test_the_commit_that_was_resolved_is_built(faults, server):
    """F35: the branch moves between resolve and clone | a push every 20 ms while four launches run | each image is one
    commit, and its files are that commit's"""
    name = f"moves-{uuid.uuid4().hex[:8]}"
    repo = server.repository(name, {"Dockerfile": STUB + "COPY n /n\n", "n": "0"})
    over = threading.Event()
    commits = {repo.head}

    def push():
        count = 0
        while not over.wait(0.02):
            count += 1
            commits.add(repo.commit({"n": str(count)}))

    pusher = threading.Thread(target=push)
    pusher.start()
    try:
        images = [faults.ready(server.url(name), "main")["image"] for _ in range(4)]
    finally:
        over.set()
        pusher.join()
    assert all(image.rsplit(":", 1)[1] in commits for image in images)
    faults.others_are_well()
    faults.end_sessions()


def test_a_branch_that_is_rewritten_takes_its_commit_away(faults, server):
    """F35: the resolved commit is gone when it is fetched | a full commit that a rewritten branch no longer has | the
    launch fails and names the commit"""
    name = f"rewritten-{uuid.uuid4().hex[:8]}"
    server.repository(name, {"Dockerfile": STUB})
    gone = uuid.uuid4().hex + "abcdef01"
    assert gone in faults.fails(server.url(name), "13\\d\\d", gone).message
