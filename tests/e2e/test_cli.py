"""The operator's verbs against an appliance that runs: what they show, what they end, and what they say without one."""
import json
import os
import pty
import shutil
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request

import pytest
from e2e_fixtures import STUB, built_by, printing
from ringbinder.appliance import BUILD, TOP
from ringbinder.launch import Stream, launch, spec

SLOW = 'RUN for i in $(seq 600); do echo "slow line $i"; sleep 0.1; done\n'
REASON = "new disks"


def run(*arguments, **more):
    return subprocess.run([BUILD / "ringbinder", *map(str, arguments)], capture_output=True, text=True, timeout=60,
                          check=False, **more)


def ask(appliance, verb, *arguments):
    done = run(verb, "--dir", appliance.state, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def rows(appliance, verb, *arguments):
    return json.loads(ask(appliance, verb, "--json", *arguments))[verb]


def events_of(appliance, *arguments):
    """One object a line."""
    return [json.loads(line) for line in ask(appliance, "events", "--json", *arguments).splitlines()]


def session_of(appliance, server, name):
    """Launches and returns the session's name."""
    server.repository(name, {"Dockerfile": STUB})
    return launch(appliance.portal, server.url(name))["url"].rstrip("/").split("/")[-1]


@pytest.fixture
def slow_build(appliance, server, request):
    """A build that prints ten lines a second, watched by a stream that keeps it alive; its row."""
    name = request.node.name.replace("_", "-")
    server.repository(name, {"Dockerfile": built_by(SLOW + printing(1))})
    stream = Stream(appliance.portal, f"/build/git/{spec(server.url(name))}")
    events = []
    thread = threading.Thread(target=lambda: events.extend(stream), daemon=True)
    thread.start()
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        found = [row for row in rows(appliance, "builds") if row["state"] == "running"]
        if found and "slow line 3" in run("logs", "--dir", appliance.state, found[0]["id"]).stdout:
            break
        time.sleep(0.1)
    else:
        raise AssertionError("the build does not print")
    yield {**found[0], "events": events, "thread": thread}
    run("stop", "--dir", appliance.state, found[0]["id"])
    thread.join(30)


def test_sessions_are_listed_and_stopped_with_a_reason(appliance, server):
    name, other = session_of(appliance, server, "listed"), session_of(appliance, server, "listed-too")
    row = next(row for row in rows(appliance, "sessions") if row["name"] == name)
    assert row["state"] == "running" and row["repository"] == server.url("listed")
    assert 0 <= row["idle_ms"] <= row["age_ms"]
    assert 0 < row["memory_bytes"] < row["memory_limit_bytes"] == 2 << 30
    assert "token" not in ask(appliance, "sessions", "--json")
    table = ask(appliance, "sessions").splitlines()
    assert table[0].split() == ["SESSION", "STATE", "AGE", "IDLE", "MEMORY", "LIMIT", "REPOSITORY"]
    assert [line.split()[-1] for line in table if line.startswith(name)] == [server.url("listed")]
    assert name in ask(appliance, "sessions", "--quiet").splitlines()
    # Its container is the test's own server, which says nothing before it is asked.
    assert run("logs", "--dir", appliance.state, name).returncode == 0

    assert ask(appliance, "stop", name, "--because", REASON) == f"stopped session {name}\n"
    left = ask(appliance, "sessions", "--quiet").splitlines()
    assert name not in left and other in left
    ended = [event for event in events_of(appliance) if event["session_name"] == name][-1]
    assert ended["kind"] == "session.ended" and ended["code"] == "RB1905"
    assert REASON in appliance.journal()
    with pytest.raises(urllib.error.HTTPError) as page:
        urllib.request.urlopen(f"{appliance.sessions}/user/{name}/lab", timeout=30)
    assert page.value.code == 424 and REASON in page.value.read().decode(), "its visitor reads why"

    again = run("stop", "--dir", appliance.state, name, other)
    assert again.returncode == 1 and "has ended already" in again.stderr
    assert again.stdout == f"stopped session {other}\n", "what is there is ended all the same"


def test_all_sessions_are_stopped_at_once(appliance, server):
    names = {session_of(appliance, server, f"every-{i}") for i in range(2)}
    told = ask(appliance, "stop", "--all")
    assert names <= {line.split()[-1] for line in told.splitlines()}
    assert rows(appliance, "sessions") == []
    assert ask(appliance, "stop", "--all") == ""


def test_a_build_is_listed_followed_and_stopped(appliance, slow_build):
    build = slow_build["id"]
    table = ask(appliance, "builds").splitlines()
    line = next(line for line in table if line.startswith(build[:12])).split()
    assert line[1] == "running" and line[2] == "-"
    follower = subprocess.Popen([BUILD / "ringbinder", "logs", "--follow", "--dir", appliance.state, build[:12]],
                                stdout=subprocess.PIPE, text=True)
    seen = ""
    for text in follower.stdout:
        seen += text
        if "slow line 5" in text:
            break
    assert ask(appliance, "stop", build[:12], "--because", REASON) == f"stopped build {build}\n"
    rest = follower.stdout.read()
    assert follower.wait(30) == 0, "it ends with the build"
    lines = [text.split()[-1] for text in (seen + rest).splitlines() if "slow line" in text and "RUN" not in text]
    assert lines == [str(i + 1) for i in range(len(lines))], "every line once, in order"
    slow_build["thread"].join(30)
    failed = slow_build["events"][-1]
    assert failed["phase"] == "failed" and REASON in failed["message"]
    row = next(row for row in rows(appliance, "builds") if row["id"] == build)
    assert row["state"] == "failed" and row["code"] == "RB1906" and REASON in row["text"]


def test_the_log_of_a_build_that_ended_is_there_by_image_and_by_id(appliance, server):
    server.repository("logged", {"Dockerfile": built_by(printing(3) + "RUN printf 'red \\033[31m\\n'\n")})
    launch(appliance.portal, server.url("logged"))
    row = next(row for row in rows(appliance, "builds") if row["repository"] == server.url("logged"))
    assert row["state"] == "done" and row["ended_ms"] >= row["started_ms"]
    by_id, by_image = ask(appliance, "logs", row["id"]), ask(appliance, "logs", row["image"])
    assert "line 3 of" in by_id and by_id == by_image
    assert "red \x1b[31m" in by_id, "a pipe gets what the build printed"
    assert json.loads(ask(appliance, "logs", "--json", row["id"]).splitlines()[0])["phase"]
    shown = on_a_terminal("logs", "--dir", appliance.state, row["id"])
    assert "red \\x1b[31m" in shown and "\x1b" not in shown, "a terminal gets it as an escape"

    image = next(image for image in rows(appliance, "images") if image["name"] == row["image"])
    assert image["size_bytes"] > 0 and image["lane"] == "dockerfile" and image["used_ms"] >= image["created_ms"]
    assert row["image"] in ask(appliance, "images", "--quiet").splitlines()


def on_a_terminal(*arguments, columns=100):
    """What is printed to a terminal of that width."""
    parent, child = pty.openpty()
    import fcntl
    import struct
    import termios
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen([BUILD / "ringbinder", *map(str, arguments)], stdout=child, stderr=subprocess.STDOUT)
    os.close(child)
    printed = b""
    while True:
        try:
            part = os.read(parent, 65536)
        except OSError:
            break
        if not part:
            break
        printed += part
    os.close(parent)
    assert process.wait(30) == 0, printed
    return printed.decode().replace("\r\n", "\n")


def test_tables_fit_a_narrow_terminal(appliance, server):
    session_of(appliance, server, "a-repository-with-a-name-that-is-long-enough-to-be-cut-somewhere")
    for line in on_a_terminal("sessions", "--dir", appliance.state, columns=72).splitlines():
        assert len(line) <= 72, line


def test_events_are_read_from_a_time_on_and_followed(appliance, server):
    last = max([0, *(event["sequence"] for event in events_of(appliance, "--since", "1h"))])
    follower = subprocess.Popen([BUILD / "ringbinder", "events", "--follow", "--json", "--dir", appliance.state],
                                stdout=subprocess.PIPE, text=True)
    name = session_of(appliance, server, "eventful")
    seen = []
    for text in follower.stdout:
        event = json.loads(text)
        seen.append(event)
        if event["kind"] == "session.answered" and event["session_name"] == name:
            break
    follower.send_signal(signal.SIGINT)
    follower.wait(30)
    fresh = [event for event in seen if event["sequence"] > last]
    sequences = [event["sequence"] for event in fresh]
    assert sequences == list(range(last + 1, sequences[-1] + 1)), "every event once"
    assert all(event["repository"] for event in fresh if event["kind"].startswith(("session.", "launch.", "build.")))
    assert "127.0.0.1" not in json.dumps([{**event, "repository": None} for event in fresh]), "no address of a visitor"
    line = next(text for text in ask(appliance, "events", "--limit", "50").splitlines() if name in text)
    assert line.split()[1] == "session.made" and line.split()[2] == "-" and line.split()[4] == server.url("eventful")
    assert ask(appliance, "events", "--since", "2099-01-01") == ""


def test_who_follows_goes_on_over_a_restart_of_the_daemon(appliance, server, slow_build):
    def follow(*arguments):
        return subprocess.Popen([BUILD / "ringbinder", *arguments, "--follow", "--dir", appliance.state],
                                stdout=subprocess.PIPE, text=True)

    events, log = follow("events"), follow("logs", slow_build["id"])
    next(text for text in log.stdout if "slow line 3" in text)
    appliance.wait_for_daemon(other_than=appliance.kill_daemon())
    assert next(text for text in log.stdout if "The daemon was restarted" in text)
    assert next(text for text in log.stdout if "slow line 2" in text), "and what comes after it"
    name = session_of(appliance, server, "after-a-restart")
    assert next(text for text in events.stdout if "session.answered" in text and name in text)
    events.send_signal(signal.SIGINT)
    events.wait(30)
    assert ask(appliance, "stop", slow_build["id"])
    log.stdout.read()
    assert log.wait(30) == 0


def test_without_a_daemon_one_is_told_how_to_start_it(tmp_path):
    for verb in (["sessions"], ["builds"], ["images"], ["events"], ["stop", "x"], ["stop", "--all"], ["logs", "x"]):
        done = run(*verb, "--dir", tmp_path)
        assert done.returncode == 1 and done.stdout == "", verb
        assert "is Ringbinder running" in done.stderr and "ringbinder up" in done.stderr, verb


def test_who_is_not_root_is_told_so(appliance, shared_folder):
    program = shared_folder / "ringbinder"
    shutil.copy(BUILD / "ringbinder", program)
    done = subprocess.run(["setpriv", "--reuid", "65534", "--clear-groups", program, "sessions", "--dir",
                           appliance.state], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1 and "as root" in done.stderr, done.stderr


def test_what_is_not_there_is_an_error(appliance):
    for verb in ("stop", "logs"):
        for name in ("nobody", "a" * 3000, "x/../y", "%00"):
            done = run(verb, "--dir", appliance.state, name)
            assert done.returncode == 1 and "RB1907" in done.stderr, (verb, name, done.stderr)
        done = run(verb, "--dir", appliance.state, "nobody")
        assert done.stderr.startswith(f"ringbinder {verb}: there is no session nobody, and no build nobody runs, waits or "
                                      "has ended lately (RB1907: ")


@pytest.mark.parametrize("arguments", [
    ["sessions", "--limit", "0"], ["sessions", "--limit", "1001"], ["sessions", "extra"], ["builds", "--nonsense"],
    ["stop"], ["stop", "x", "--all"], ["stop", "x", "--because", "y" * 161], ["logs"], ["logs", "a", "b"],
    ["events", "--since", "yesterday"], ["config", "a", "b"], ["check-config", "a", "b"], ["nonsense"], [],
    ["help", "nonsense"]])
def test_wrong_usage_is_told_in_short(arguments):
    done = run(*arguments)
    assert done.returncode == 2 and done.stdout == "" and "help" in done.stderr


def test_every_verb_has_help_with_an_example():
    told = run("help")
    assert told.returncode == 0 and told.stdout == run("-h").stdout == run("--help").stdout
    verbs = [line.split()[0] for line in told.stdout.splitlines() if line.startswith("  ")]
    assert {"sessions", "builds", "images", "stop", "logs", "events", "config", "check-config"} <= set(verbs)
    for verb in verbs:
        one, same = run("help", verb), run(verb, "--help")
        assert one.returncode == 0 and one.stdout == same.stdout, verb
        assert verb in ("up", "launch", "explain") or "Example" in one.stdout, verb


def test_the_configuration_is_shown_with_where_it_was_set(tmp_path):
    config = tmp_path / "ringbinder.conf"
    config.write_text("idle_limit = 20m\n\ngithub_token = verysecret\njupyter_args = --a\njupyter_args = --b\n")
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d" / "10-more.conf").write_text("# later files win\nidle_limit = 30m\n")
    told = {row["key"]: row for row in json.loads(run("config", "--config", config, "--json").stdout)["keys"]}
    assert told["idle_limit"] == {**told["idle_limit"], "value": "30m", "default": "10m",
                                  "set_in": f"{tmp_path}/conf.d/10-more.conf:2"}
    assert told["jupyter_args"]["value"] == ["--a", "--b"] and told["jupyter_args"]["set_in"] == f"{config}:4"
    assert told["age_limit"]["set_in"] is None and told["age_limit"]["help"]
    for arguments in (["--json"], [], ["github_token"]):
        assert "verysecret" not in run("config", "--config", config, *arguments).stdout
    assert "30m" in run("config", "--config", config, "idle_limit").stdout
    assert run("config", "--config", config, "idle_limitt").returncode == 1
    assert "idle_limit" in run("config", "idle").stderr, "a part of a name is enough to be told"
    assert "idle_limit" in run("config", "--quiet").stdout.splitlines()


def test_a_configuration_is_checked_as_a_whole(tmp_path):
    config = tmp_path / "ringbinder.conf"
    config.write_text("idle_limit = 20m\n")
    assert run("check-config", config).returncode == 0
    config.write_text("idle_limt = 20m\nage_limit = soon\n keepalive = 1s\nmem_limit=1G\nmem_limit=2G\n[section]\nx = y\n")
    done = run("check-config", config)
    assert done.returncode == 1 and done.stdout == ""
    lines = done.stderr.splitlines()
    assert [line.split(" ")[0] for line in lines] == [f"{config}:{n}:" for n in (1, 2, 3, 5, 7)], lines
    assert "idle_limit is one" in lines[0]
    assert [fault["code"] for fault in json.loads(run("check-config", "--json", config).stdout)][:2] == ["RB1851", "RB1850"]
    config.write_text("# one\nfetch_allow = localhost:80\n")
    assert f"{config}:2: fetch_allow" in run("check-config", config).stderr, "also what only the daemon can judge"
    for line in ("portal_listen = 8585", "sessions_listen = localhost:80", "portal_url = binder.example.org",
                 "hub_url = javascript:alert(1)", "hub_url = https://", "badge_base_url = https://a b/",
                 "trusted_proxies = unix, 127.0.0.1"):
        config.write_text(f"# one\n{line}\n")
        assert f"{config}:2: {line.split()[0]}: " in run("check-config", config).stderr, line
    config.write_text("portal_listen = [::1]:80\nportal_url = http://[::1]/\nhub_url = https://hub.example.org:8443/a\n")
    assert run("check-config", config).stdout == f"{config}: nothing is wrong\n"
    assert run("check-config", tmp_path / "missing.conf").returncode == 1


COMPLETE = """
PATH={build}:$PATH
. {top}/completions/ringbinder
COMP_WORDS=({words})
COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_ringbinder ringbinder "${{COMP_WORDS[-1]}}" "${{COMP_WORDS[-2]}}"
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def completed(words):
    script = COMPLETE.format(build=BUILD, top=TOP, words=words)
    done = subprocess.run(["bash", "-u", "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == "", done.stderr
    return set(done.stdout.split())


def test_bash_completes_verbs_options_and_names(appliance, server):
    name = session_of(appliance, server, "completed")
    assert completed("ringbinder s") == {"sessions", "stop"}
    assert {"help", "check-config", "up"} <= completed("ringbinder ''")
    assert completed("ringbinder stop --b") == {"--because"}
    assert {"--since", "--follow", "--json", "--dir", "--limit"} <= completed("ringbinder events --")
    assert completed(f"ringbinder stop --dir {appliance.state} {name[:-4]}") == {name}
    assert name in completed(f"ringbinder logs --dir {appliance.state} ''")
    assert completed("ringbinder stop --dir /nonexistent ''") == set(), "a daemon that is away has no names"
    assert completed("ringbinder config idle_l") == {"idle_limit"}
    assert completed("ringbinder help ev") == {"events"}
    assert f"{TOP}/README.md" in completed(f"ringbinder check-config {TOP}/READ")
