"""Bad input: always a sentence for the visitor, one `failed` event, a journal line with a code, nothing left behind."""
import http.client
import re
import time
import urllib.parse

import pytest
from e2e_fixtures import STUB
from ringbinder import engine
from ringbinder.launch import events_of, launch, spec


def fails(appliance, path):
    """The stream's only `failed` event, which is its last, and the stream closes behind it."""
    events = events_of(appliance.portal, path, timeout=120)
    assert [e.get("phase") for e in events].count("failed") == 1, events
    assert events[-1]["phase"] == "failed" and events[-1]["message"].strip()
    return events[-1]["message"], events


def code_in_journal(appliance, code_pattern):
    return re.search(rf"RB{code_pattern} ", appliance.journal())


@pytest.mark.parametrize("path, sentence", [
    ("/build/git/nothing", "Spec is not of the form"),
    ("/build/git/ftp%3A%2F%2Fhost%2Frepo/HEAD", "Unsupported git url ftp://host/repo, protocol ftp not in"),
    ("/build/git/file%3A%2F%2F%2Fetc/HEAD", "protocol file not in"),
    ("/build/git/--upload-pack%3Dtouch%20%2Ftmp%2Fx/HEAD", ""),
    ("/build/git/https%3A%2F%2Fhost%2Frepo/--upload-pack%3Dx", ""),
    ("/build/git/https%3A%2F%2Fhost%0d%0aX-Evil%3A1%2Frepo/HEAD", ""),
    ("/build/git/" + "a" * 5000 + "/HEAD", ""),
    ("/build/nosuch/a/b", "No provider found for prefix nosuch\n"),
])
def test_malformed_specs_get_a_sentence(appliance, path, sentence):
    message, _ = fails(appliance, path)
    assert sentence in message


@pytest.mark.parametrize("trick", ["%00", "%", "%zz", "%2", "%%32%65"])
def test_percent_encodings_that_are_none_are_refused_at_the_door(appliance, trick):
    status, body = request(appliance, "GET", f"/build/git/https%3A%2F%2Fhost%2Frepo{trick}/HEAD")
    assert status == 400 and "RB1" in body


def test_an_unknown_ref_has_the_contracts_sentence(appliance, server):
    server.repository("noref", {"Dockerfile": STUB})
    raw = spec(server.url("noref"), "no-such-branch")
    message, events = fails(appliance, f"/build/git/{raw}")
    assert message == (f"Could not resolve ref for git:{raw}. Double check your URL and that your repo is public.\n")
    assert len(events) == 1


def test_an_unknown_host_and_an_unknown_repository_say_what_git_said(appliance, server):
    for url in ("git://127.0.0.1:1/nobody/.git", server.url("no-such-repository")):
        message, _ = fails(appliance, f"/build/git/{spec(url)}")
        assert message.startswith(f"Error resolving ref for git:{spec(url)}: Unable to run git ls-remote")


def test_a_commit_that_the_server_does_not_have_gets_a_sentence(appliance, server):
    server.repository("nocommit", {"Dockerfile": STUB})
    message, _ = fails(appliance, f"/build/git/{spec(server.url('nocommit'), 'a' * 40)}")
    assert "a" * 40 in message


def test_a_repository_without_environment_says_what_would_help(appliance, server):
    server.repository("noenvironment", {"README.md": "# only text"})
    message, _ = fails(appliance, f"/build/git/{spec(server.url('noenvironment'))}")
    assert "No environment" in message or "no environment" in message


@pytest.mark.parametrize("name, files, word", [
    ("conda", {"environment.yml": "dependencies: [numpy]"}, "environment.yml"),
    ("julia", {"Project.toml": ""}, "Project.toml"),
    ("both-folders", {"binder/requirements.txt": "", ".binder/requirements.txt": ""}, "binder"),
    ("runtime", {"runtime.txt": "python-3.9.7", "requirements.txt": ""}, "runtime.txt"),
    ("apt-shell", {"requirements.txt": "", "apt.txt": "curl; touch /x\n"}, "apt.txt"),
])
def test_what_no_lane_takes_is_refused_by_name(appliance, server, name, files, word):
    server.repository(name, files)
    message, _ = fails(appliance, f"/build/git/{spec(server.url(name))}")
    assert word in message


def test_a_dockerfile_that_fails_shows_its_exit_code_once(appliance, server):
    server.repository("broken", {"Dockerfile": "FROM ringbinder/debian:1\nRUN echo last words && exit 37\n"})
    message, events = fails(appliance, f"/build/git/{spec(server.url('broken'))}")
    assert "37" in message
    assert "last words" in "".join(e["message"] for e in events[:-1])
    assert code_in_journal(appliance, "15\\d\\d")


def test_a_container_that_dies_while_starting_shows_its_last_lines(appliance, server):
    server.repository("dies", {"Dockerfile": 'FROM ringbinder/debian:1\nENTRYPOINT ["/bin/sh", "-c", '
                                             '"echo I cannot go on; exit 3"]\n'})
    message, events = fails(appliance, f"/build/git/{spec(server.url('dies'))}")
    assert "I cannot go on" in message
    assert any(e["message"].startswith("Launch attempt 1 failed, retrying...") for e in events if e.get("message"))
    assert code_in_journal(appliance, "16\\d\\d")
    assert engine.containers_left(appliance.instance(), "dies") == []


def test_a_stream_needs_its_accept_header(appliance):
    events = events_of(appliance.portal, "/build/git/x/y", {"Accept": "text/html"})
    assert events == [{"phase": "failed", "status_code": 400, "message": "Missing Accept header: text/event-stream\n"}]


def test_both_spellings_of_the_accept_header_are_taken(appliance, server):
    for accept in ("text/event-stream, */*", "text/event-stream;q=0.9", "*/*;q=0.1, text/event-stream"):
        events = events_of(appliance.portal, "/build/git/nothing", {"Accept": accept})
        assert "Accept" not in events[-1]["message"]


def request(appliance, method, path, base=None):
    where = urllib.parse.urlsplit(base or appliance.portal)
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=20)
    connection.request(method, path)
    answer = connection.getresponse()
    return answer.status, answer.read().decode(errors="replace")


@pytest.mark.parametrize("method, path, status", [
    ("POST", "/build/git/x/y", 405), ("HEAD", "/build/git/x/y", 405), ("GET", "/nothing/here", 404),
    ("GET", "/build/git/", 404), ("GET", "/..%2f..%2fetc/passwd", 400), ("GET", "/static/../../etc/passwd", 400),
    ("OPTIONS", "/versions", 200),
])
def test_the_portal_answers_what_it_does_not_have(appliance, method, path, status):
    assert request(appliance, method, path)[0] == status


@pytest.mark.parametrize("path, status", [("/user/nobody-12345678/", 424), ("/user/nobody-12345678/api/kernels", 424),
                                          ("/", 404), ("/hub/home", 404), ("/hub/api/health", 200)])
def test_the_sessions_host_answers_what_is_not_running(appliance, path, status):
    code, body = request(appliance, "GET", path, appliance.sessions)
    assert code == status
    assert status == 200 or "Binder not found" in body


def test_an_engine_that_is_absent_at_start_is_waited_for(own_appliance, shared_folder, server):
    server.repository("late", {"Dockerfile": STUB})
    socket = shared_folder / "late-engine.sock"
    late = own_appliance(engine_socket=socket, engine_ask_again="200ms")
    assert request(late, "GET", "/health")[0] == 503
    message, _ = fails(late, f"/build/git/{spec(server.url('late'))}")
    assert "engine" in message
    assert code_in_journal(late, "1201")
    socket.symlink_to(engine.SOCKET)
    for _ in range(50):
        if request(late, "GET", "/health")[0] == 200:
            break
        time.sleep(0.1)
    assert launch(late.portal, server.url("late"))["url"]
