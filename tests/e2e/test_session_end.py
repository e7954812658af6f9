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
    one = own_appliance(idle_limit="2s", idle_grace="0ms", activity_every="200ms", sweep="300ms")
    ready = launch(one.portal, server.url("idle"))
    text = wait_for_end(f"{ready['url']}api/kernels?token={ready['token']}")  # polling is no activity
    assert "Binder not found" in text and "idle" in text
    assert "<title>" in text and "It ended on" in text, "a page for people"
    link = text.split('class="go" href="')[1].split('"')[0]
    assert link == f"{one.portal}/v2/git/{spec(server.url('idle'))}", "which leads to the same launch"
    assert engine.containers_left(one.instance()) == []


def test_a_busy_kernel_is_not_idle(own_appliance, server, hello):
    one = own_appliance(idle_limit="3s", idle_grace="0ms", activity_every="200ms", sweep="300ms")
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


def test_who_keeps_working_is_not_idle(own_appliance, server):
    server.repository("working", {"Dockerfile": STUB})
    one = own_appliance(idle_limit="2s", idle_grace="0ms", activity_every="500ms", sweep="300ms")
    ready = launch(one.portal, server.url("working"))
    for _ in range(6):
        time.sleep(1.5)
        assert Session(ready).ask("api/contents", "POST")[0] == 200, "each a while after the last, none after the limit"
    assert "RB1609" in wait_for_end(ready["url"])


def test_after_a_restart_nobody_is_idle_for_the_grace(own_appliance, server):
    server.repository("grace", {"Dockerfile": STUB})
    one = own_appliance(idle_limit="1s", idle_grace="6s", activity_every="200ms", sweep="300ms")
    ready = launch(one.portal, server.url("grace"))
    one.wait_for_daemon(other_than=one.kill_daemon())
    begin = time.monotonic()
    assert "RB1609" in wait_for_end(ready["url"])
    assert time.monotonic() - begin > 5


def test_a_session_that_needs_too_much_memory_says_so(own_appliance, server):
    server.repository("greedy", {"Dockerfile": STUB})
    one = own_appliance(mem_limit="100M", mem_guarantee="100M", sweep="300ms")
    ready = launch(one.portal, server.url("greedy"))
    assert Session(ready).ask(f"eat/{200 << 20}")[0] >= 500, "its server is gone before it has answered"
    text = wait_for_end(ready["url"])
    assert "RB1656" in text and "100 MiB of memory" in text
    assert "RB1656" in one.journal()


def test_a_container_that_is_removed_by_hand_is_noticed(own_appliance, server):
    server.repository("removed", {"Dockerfile": STUB})
    one = own_appliance(sweep="300ms")
    ready = launch(one.portal, server.url("removed"))
    engine.ask("DELETE", f"/containers/{engine.of_instance('containers', one.instance())[0]['Id']}?force=1")
    wait_for_end(ready["url"])
    journal = one.journal()
    assert "RB1608" in journal or "RB1607" in journal, "gone, or seen while it was going"
