"""From a repository's link to a running notebook: the event stream, the container, the cell."""
import json
import threading
import time
import urllib.request

import pytest
from e2e_fixtures import STUB
from ringbinder import engine
from ringbinder.appliance import SMALL_GUARANTEE
from ringbinder.launch import LaunchFailed, Stream, events_of, launch, spec
from ringbinder.notebook import Session
from ringbinder.repository import git

# A wheel's name on the package index; small, without dependencies, and not in the base.
PACKAGE = "cowsay==6.1"
NOTEBOOK = json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


@pytest.fixture(scope="module")
def science(server):
    """A repository as authors write them: requirements, a notebook, a postBuild."""
    repository = server.repository("science")
    repository.commit({"requirements.txt": PACKAGE + "\n", "index.ipynb": NOTEBOOK,
                       "postBuild": "#!/bin/bash\nset -e\necho built by $(id -un) > made-by-postBuild\n"},
                      executable=["postBuild"])
    return repository


@pytest.fixture(scope="module")
def first(appliance, server, science):
    return launch(appliance.portal, server.url("science"))


def phases(events):
    return [event.get("phase") for event in events]


def test_real_launch_runs_a_cell_through_the_gateway(first):
    kernel = Session(first).kernel()
    assert kernel.run("import cowsay; print(cowsay.get_output_string('cow', 'hello'))").count("hello") == 1
    assert kernel.run("print(open('made-by-postBuild').read())").strip() == "built by jovyan"
    kernel.close()


def test_a_new_build_has_the_contracts_sequence(first):
    told = phases(first["events"])
    assert first["events"][0] == {"phase": "waiting", "message": "Waiting for build to start...\n"}
    assert told.index("built") > told.index("building")
    assert told[told.index("built"):].count("launching") >= 2
    assert told[-1] == "ready"
    built = next(e for e in first["events"] if e.get("phase") == "built")
    assert built["message"] == "Built image, launching...\n"
    assert built["imageName"] == first["image"]
    assert all("message" in event for event in first["events"])


def test_an_image_that_exists_has_the_short_sequence(appliance, server, first, science):
    again = events_of(appliance.portal, f"/build/git/{spec(server.url('science'), science.head)}")
    assert again[0] == {"phase": "built", "imageName": first["image"],
                        "message": "Found built image, launching...\n"}
    assert again[1] == {"phase": "launching", "message": "Launching server...\n"}
    assert set(phases(again[1:-1])) == {"launching"}
    assert any(not e["message"].startswith(("Launching server...", "Launch attempt ")) for e in again[1:-1])
    assert again[-1]["phase"] == "ready"


def test_ready_has_every_field(appliance, server, science, first):
    url, host = first["url"], appliance.settings["hub_url"]
    assert url.startswith(f"{host}user/") and url.endswith("/")
    assert first["message"] == f"server running at {url}\n"
    assert len(first["token"]) == 22
    assert first["repo_url"] == first["binder_ref_url"] == server.url("science")
    assert first["image"].endswith(f":{science.head}")
    assert first["binder_request"] == f"v2/git/{spec(server.url('science'))}"
    assert first["binder_persistent_request"] == f"v2/git/{spec(server.url('science'), science.head)}"
    assert first["binder_launch_host"] == f"{appliance.portal}/"


def test_the_token_is_needed_and_enough(first):
    session = Session(first)
    assert json.loads(session.ask("api")[1])["version"]
    assert session.ask(f"api/contents?token={first['token']}")[0] == 200
    session.token = "wrong"
    assert session.ask("api/contents")[0] == 403


def test_the_container_has_the_contracts_environment_and_limits(appliance, server, science, first):
    name = first["url"].rstrip("/").rsplit("/", 1)[1]
    kernel = Session(first).kernel()
    seen = json.loads(kernel.run("import os, json; print(json.dumps(dict(os.environ, uid=str(os.getuid()))))"))
    kernel.close()
    expected = {"BINDER_REPO_URL": server.url("science"), "BINDER_REF_URL": server.url("science"),
                "BINDER_LAUNCH_HOST": f"{appliance.portal}/", "BINDER_REQUEST": first["binder_request"],
                "BINDER_PERSISTENT_REQUEST": first["binder_persistent_request"],
                "JUPYTERHUB_SERVICE_PREFIX": f"/user/{name}/", "JUPYTERHUB_USER": name, "JUPYTERHUB_BASE_URL": "/",
                "MEM_LIMIT": "2147483648", "MEM_GUARANTEE": str(SMALL_GUARANTEE), "CPU_LIMIT": "1",
                "JUPYTER_IMAGE": first["image"], "JUPYTER_IMAGE_SPEC": first["image"], "uid": "1000"}
    assert {key: seen.get(key) for key in expected} == expected
    _, running = engine.ask("GET", "/containers/json?filters=" + urllib.request.quote(json.dumps(
        {"label": [f"io.ringbinder.instance={appliance.instance()}"]})))
    limits = engine.ask("GET", f"/containers/{running[0]['Id']}/json")[1]["HostConfig"]
    assert limits["Memory"] == 2 << 30 and limits["PidsLimit"] == 512 and limits["NanoCpus"] == 10**9
    assert "no-new-privileges" in limits["SecurityOpt"]
    assert limits["PortBindings"] in ({}, None)


def test_a_commit_that_changes_a_notebook_reuses_the_environment(appliance, server, science, first):
    science.commit({"other.ipynb": NOTEBOOK})
    launched = launch(appliance.portal, server.url("science"), "main")
    log = "".join(e["message"] for e in launched["events"] if e.get("phase") in ("fetching", "building"))
    assert PACKAGE not in log, "nothing is installed again"
    assert Session(launched).json("api/contents/other.ipynb?content=0")["name"] == "other.ipynb"


def test_git_in_the_container_is_the_repository(first, science):
    kernel = Session(first).kernel()
    assert kernel.run("!git rev-parse HEAD").strip() != ""
    assert kernel.run("!git status --porcelain -uno").strip() == ""
    kernel.close()


@pytest.mark.parametrize("ref", ["main", "HEAD", "v1", "feature/x"])
def test_refs_are_branches_tags_and_head(appliance, server, ref):
    name = f"ref-{ref.replace('/', '-')}"
    repository = server.repository(name, {"Dockerfile": STUB})
    git(repository.folder, "tag", "v1")
    git(repository.folder, "branch", "feature/x")
    assert launch(appliance.portal, server.url(name), ref)["image"].endswith(f":{repository.head}")


def test_a_dockerfile_is_built_as_it_stands(appliance, server):
    server.repository("docker", {"Dockerfile": STUB + "COPY data /data\n", "data": "x"})
    ready = launch(appliance.portal, server.url("docker"))
    labels = engine.ask("GET", f"/images/{ready['image']}/json")[1]["Config"]["Labels"]
    assert labels["test"] == "yes" and labels["io.ringbinder.lane"] == "dockerfile"
    assert Session(ready).json("api")["version"]


def test_two_watchers_share_one_build_and_each_has_the_whole_log(appliance, server):
    new = f"echo {time.time_ns()} > /tmp/stamp"  # else the engine has the step from the last run
    server.repository("slow", {"Dockerfile": "FROM ringbinder/debian:1\nRUN echo begin-$((1+1)) && sleep 2 && "
                                             f"echo end-$((1+2)) && {new}\n"})
    logs = [None, None]

    def watch(n):
        try:
            ready = launch(appliance.portal, server.url("slow"))
            logs[n] = ready["events"], ready["image"]
        except LaunchFailed as why:
            logs[n] = why.args[1], why.args[0]

    threads = [threading.Thread(target=watch, args=(n,)) for n in (0, 1)]
    threads[0].start()
    time.sleep(1.2)
    threads[1].start()
    for thread in threads:
        thread.join()
    for events, image in logs:
        text = "".join(event["message"] for event in events)
        assert text.count("begin-2") == 1 and text.count("end-3") == 1, text
    building = [[e for e in events if e.get("phase") == "building"] for events, _ in logs]
    assert building[0] == building[1]


def test_a_build_goes_on_when_its_watcher_leaves(appliance, server):
    repository = server.repository("left", {"Dockerfile": "FROM ringbinder/stub:1\n" + STUB.split("\n", 1)[1] +
                                            "COPY --from=ringbinder/debian:1 /etc/debian_version /v\n"})
    stream = Stream(appliance.portal, f"/build/git/{spec(server.url('left'))}")
    first_event = next(iter(stream))
    assert first_event["phase"] == "waiting"
    stream.close()
    deadline = time.monotonic() + 60
    image = None
    while time.monotonic() < deadline and not image:
        time.sleep(0.2)
        images = [tag for i in engine.of_instance("images", appliance.instance()) for tag in i["RepoTags"] or []]
        image = next((tag for tag in images if tag.endswith(repository.head)), None)
    assert image, "nobody watched, and it was built all the same"


def test_the_stream_stays_open_after_a_new_build_so_that_the_client_closes_first(appliance, server):
    server.repository("linger", {"Dockerfile": STUB})
    begin = None
    stream = Stream(appliance.portal, f"/build/git/{spec(server.url('linger'))}")
    for event in stream:
        if event.get("phase") == "ready":
            begin = time.monotonic()
    assert begin and time.monotonic() - begin > 0.8  # 60 s by the contract, 1 s in this appliance


def test_eight_launches_at_once_all_become_ready(appliance, server):
    server.repository("eight", {"Dockerfile": STUB})
    launch(appliance.portal, server.url("eight"))
    results = []
    threads = [threading.Thread(target=lambda: results.append(launch(appliance.portal, server.url("eight"))))
               for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({ready["url"] for ready in results}) == 8
