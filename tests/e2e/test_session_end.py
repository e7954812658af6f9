"""How a session ends: idle, too old, by itself; and the page that says so."""
import time
import urllib.error
import urllib.request

import pytest
from e2e_fixtures import STUB
from ringbinder import engine
from ringbinder.launch import launch, spec
from ringbinder.notebook import Session


def page(url):
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.read().decode()


def wait_for_end(url, limit_s=30):
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        status, text = page(url)
        if status == 424:
            return text
        time.sleep(0.2)
    pytest.fail(f"the session still answers with {status}")


def test_an_idle_session_ends_though_its_tab_polls(own_appliance, server):
    server.repository("idle", {"Dockerfile": STUB})
    one = own_appliance(idle_limit="2s", idle_grace="0ms", sweep="300ms")
    ready = launch(one.portal, server.url("idle"))
    text = wait_for_end(f"{ready['url']}api/kernels?token={ready['token']}")  # polling is no activity
    assert "Binder not found" in text and "idle" in text
    assert "<title>" in text and "It ended on" in text, "a page for people"
    link = text.split('class="go" href="')[1].split('"')[0]
    assert link == f"{one.portal}/v2/git/{spec(server.url('idle'))}", "which leads to the same launch"
    assert engine.containers_left(one.instance()) == []


def test_a_busy_kernel_is_not_idle(own_appliance, server, hello):
    one = own_appliance(idle_limit="3s", idle_grace="0ms", sweep="300ms")
    ready = launch(one.portal, server.url("hello"))
    kernel = Session(ready).kernel()
    message = kernel.send("import time\nend = time.time() + 8\nwhile time.time() < end: pass\nprint('done')")
    assert "done" in "".join(kernel.outputs(message)), "nobody typed for 8 s, but the kernel was busy"
    kernel.close()


def test_a_session_ends_at_its_maximum_age(own_appliance, server):
    server.repository("old", {"Dockerfile": STUB})
    one = own_appliance(age_limit="2s", sweep="300ms")
    ready = launch(one.portal, server.url("old"))
    text = wait_for_end(ready["url"])
    assert "Binder not found" in text
    assert "RB16" in one.journal()


def test_a_server_that_ends_by_itself_is_noticed(appliance, server, hello):
    ready = launch(appliance.portal, server.url("hello"))
    assert Session(ready).ask("api/shutdown", "POST")[0] == 200
    text = wait_for_end(ready["url"])
    assert "Binder not found" in text
