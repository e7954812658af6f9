"""The operator's command line."""
import json
import subprocess

from e2e_fixtures import STUB
from ringbinder.appliance import TOP
from ringbinder.launch import spec


def run(appliance, *arguments):
    return subprocess.run(appliance.command(*arguments), capture_output=True, text=True, timeout=300, check=False)


def test_launch_prints_progress_and_then_the_link_alone_on_stdout(appliance, server):
    server.repository("byhand", {"Dockerfile": STUB})
    done = run(appliance, "launch", "--dir", appliance.state, server.url("byhand"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{appliance.settings['hub_url']}user/") and "?token=" in done.stdout
    assert "Waiting for build" in done.stderr


def test_launch_says_what_is_wrong(appliance, server):
    done = run(appliance, "launch", "--dir", appliance.state, server.url("byhand"), "no-such-ref")
    assert done.returncode == 1 and "Could not resolve ref" in done.stderr and done.stdout == ""
    done = run(appliance, "launch", "--dir", "/nonexistent", "https://example.org/x")
    assert done.returncode == 1 and "is Ringbinder running" in done.stderr


def test_explain_says_lane_reason_and_steps_for_a_folder_and_a_url(appliance, server):
    done = run(appliance, "explain", "--json", TOP / "examples" / "hello")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["lane"] == "layers" and told["pack"] == "PythonBuildPack" and told["steps"]
    # explain has no configuration: it knows the base, and no other image of ours.
    server.repository("explained", {"Dockerfile": "FROM ringbinder/debian:1\n"})
    done = run(appliance, "explain", server.url("explained"))
    assert done.returncode == 0 and "dockerfile" in done.stdout and "Dockerfile" in done.stdout


def test_explain_names_what_no_lane_takes(appliance, tmp_path):
    (tmp_path / "environment.yml").write_text("dependencies: []\n")
    done = run(appliance, "explain", tmp_path)
    assert done.returncode == 2 and "environment.yml" in done.stdout + done.stderr


def test_a_wrong_configuration_is_refused_with_file_and_line(appliance, tmp_path):
    config = tmp_path / "wrong.conf"
    config.write_text("# a comment\nportal_lisen = 127.0.0.1:1\n")
    done = run(appliance, "up", "--config", config, "--dir", tmp_path / "state")
    assert done.returncode == 1
    assert f"{config}:2" in done.stderr and "portal_listen" in done.stderr
