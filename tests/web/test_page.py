"""A real browser, from the page's form to a cell's output."""
import json
import subprocess
import time
from pathlib import Path

import pytest
from ringbinder.appliance import BUILD
from ringbinder.launch import spec

CELL = {"cell_type": "code", "id": "one", "execution_count": None, "metadata": {}, "outputs": [],
        "source": ["print('the answer is', 6 * 7)"]}
NOTEBOOK = {"cells": [CELL], "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3",
                                                         "language": "python"}}, "nbformat": 4, "nbformat_minor": 5}


@pytest.fixture(scope="module")
def seen(appliance, server, tmp_path_factory):
    server.repository("page", {"requirements.txt": "", "index.ipynb": json.dumps(NOTEBOOK),
                               "postBuild": "#!/bin/bash\nfor i in $(seq 30); do echo line $i; sleep 0.1; done\n"})
    shots = BUILD / "screenshots"
    shots.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["node", Path(__file__).with_name("visitor.mjs"), BUILD / "browser", appliance.portal,
                           server.url("page"), "index.ipynb", shots], capture_output=True, text=True, timeout=400,
                          check=False)
    assert done.returncode == 0, done.stderr[-3000:] + appliance.journal()[-2000:]
    return json.loads(done.stdout)


def test_a_visitor_does_not_see_that_the_daemon_was_killed(appliance, server):
    server.repository("waiter", {"Dockerfile": (
        f"FROM ringbinder/debian:1 AS made\nUSER root\nRUN for i in $(seq 30); do echo line $i of {time.time_ns()};"
        " sleep 0.1; done && touch /made\nFROM ringbinder/stub:1\nCOPY --from=made /made /made\n")})
    link = f"{appliance.portal}/v2/git/{spec(server.url('waiter'))}"
    waiter = subprocess.Popen(["node", Path(__file__).with_name("waiter.mjs"), BUILD / "browser", link, "line 5 of"],
                              stdout=subprocess.PIPE, text=True)
    assert waiter.stdout.readline() == "seen\n"
    appliance.wait_for_daemon(other_than=appliance.kill_daemon())
    seen = json.loads(waiter.communicate(timeout=200)[0])
    assert seen["failures"] == 0
    assert seen["pages"][0] == link and all("/user/" in page for page in seen["pages"][1:]), "it was not loaded again"
    assert seen["pages"][1].startswith(appliance.sessions)
    assert "this build begins again" in seen["log"]


def test_a_cell_runs_from_the_form_on(seen):
    assert seen["output"] == "the answer is 42"


def test_the_visitor_lands_on_the_file_that_was_named(seen):
    assert "/doc/tree/index.ipynb" in seen["url"]


def test_the_form_says_what_is_wrong_before_anything_is_sent(seen):
    assert "Give the address" in seen["empty"]
    assert "https://" in seen["refused"]


def test_the_link_to_share_is_the_launch_itself(seen, appliance):
    assert seen["link"].startswith(f"{appliance.portal}/v2/git/git%3A%2F%2F")
    assert seen["link"].endswith("/HEAD?labpath=index.ipynb")


def test_repositories_on_github_have_links_as_badges_have_them(seen, appliance):
    assert {address: link.removeprefix(appliance.portal) for address, link in seen["github"].items()} == {
        "https://github.com/lab/data": "/v2/gh/lab/data/HEAD",
        "https://github.com/lab/data.git/": "/v2/gh/lab/data/feature/x%20y",
        "lab/data": "/v2/gh/lab/data/v1",
        "https://gitlab.com/lab/data": "/v2/git/https%3A%2F%2Fgitlab.com%2Flab%2Fdata/HEAD",
        "https://github.com/lab/data/tree/main": "/v2/git/https%3A%2F%2Fgithub.com%2Flab%2Fdata%2Ftree%2Fmain/HEAD"}


def test_stages_and_log_are_shown(seen):
    assert seen["stages"] == ["Repository", "Environment", "Server", "Notebook"]
    assert "Fetching" in seen["log"] or "line 1" in seen["log"]


def test_a_failed_launch_is_told_in_the_servers_words(seen):
    assert seen["failure"].startswith("Could not resolve ref for git:")


def test_an_unknown_page_says_so(seen):
    assert seen["missing"] == "404: Not Found"


def test_nothing_is_wider_than_a_phone(seen):
    assert seen["wide"] <= 360 and seen["wideFailed"] <= 360


def test_the_pages_have_no_error_on_the_console(seen):
    assert seen["complaints"] == []
