"""The entrypoint of the base images behaves as that of repo2docker's images does."""
# SPDX-License-Identifier: BSD-3-Clause
import os
import pathlib
import signal
import subprocess
import time

import pytest

SOURCE = pathlib.Path(__file__).resolve().parents[2] / "images/debian-base/entrypoint.c"
LOG = ".jupyter-server-log.txt"


@pytest.fixture(scope="module")
def entrypoint(tmp_path_factory):
    binary = tmp_path_factory.mktemp("entrypoint") / "entrypoint"
    subprocess.run(["gcc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-g", "-fsanitize=address,undefined",
                    "-o", binary, SOURCE], check=True)
    return binary


def run(entrypoint, folder, *command, **environment):
    return subprocess.run([entrypoint, *command], env={**os.environ, "REPO_DIR": str(folder), **environment},
                          capture_output=True, text=True, timeout=20, check=False)


def test_output_goes_on_and_into_the_log(entrypoint, tmp_path):
    done = run(entrypoint, tmp_path, "sh", "-c", "echo one; echo two >&2")
    assert done.stdout == "one\ntwo\n"
    assert (tmp_path / LOG).read_text() == "one\ntwo\n"


def test_the_log_falls_back_to_the_working_directory(entrypoint, tmp_path):
    subprocess.run([entrypoint, "echo", "here"], cwd=tmp_path, env={**os.environ, "REPO_DIR": "/nowhere"}, check=True,
                   stdout=subprocess.DEVNULL, timeout=20)
    assert (tmp_path / LOG).read_text() == "here\n"


def test_r2d_entrypoint_goes_before_the_command(entrypoint, tmp_path):
    start = tmp_path / "start"
    start.write_text('#!/bin/sh\nexport FROM_START=yes\nexec "$@"\n')
    start.chmod(0o755)
    done = run(entrypoint, tmp_path, "sh", "-c", 'echo "$FROM_START"', R2D_ENTRYPOINT=str(start))
    assert done.stdout == "yes\n"


@pytest.mark.parametrize("script, code", [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 137), ("kill -TERM $$", 143)])
def test_the_exit_code_is_the_commands(entrypoint, tmp_path, script, code):
    assert run(entrypoint, tmp_path, "sh", "-c", script).returncode == code


def test_a_command_that_is_not_there_is_named(entrypoint, tmp_path):
    done = run(entrypoint, tmp_path, "no-such-command")
    assert (done.returncode, done.stdout) == (127, "no-such-command: No such file or directory\n")


def test_without_a_command_it_says_so(entrypoint, tmp_path):
    done = run(entrypoint, tmp_path)
    assert done.returncode == 127 and "no command" in done.stderr


def test_signals_reach_the_command(entrypoint, tmp_path):
    traps = "; ".join(f'trap "echo {name}" {name}' for name in ("HUP", "INT", "USR1", "USR2", "WINCH"))
    script = f'{traps}; trap "echo TERM; exit 9" TERM; echo up; while :; do sleep 0.05; done'
    process = subprocess.Popen([entrypoint, "bash", "-c", script], stdout=subprocess.PIPE, text=True,
                               env={**os.environ, "REPO_DIR": str(tmp_path)})
    assert process.stdout.readline() == "up\n"
    for name in ("HUP", "INT", "USR1", "USR2", "WINCH", "TERM"):
        process.send_signal(getattr(signal, "SIG" + name))
        assert process.stdout.readline() == name + "\n"
    assert process.wait(timeout=20) == 9


def test_a_background_process_does_not_hold_it_up(entrypoint, tmp_path):
    began = time.monotonic()
    process = subprocess.Popen([entrypoint, "sh", "-c", "sleep 3 & echo last"], stdout=subprocess.PIPE, text=True,
                               env={**os.environ, "REPO_DIR": str(tmp_path)})
    assert process.stdout.readline() == "last\n"
    assert process.wait(timeout=20) == 0 and time.monotonic() - began < 2


def test_the_last_lines_are_never_lost(entrypoint, tmp_path):
    done = run(entrypoint, tmp_path, "seq", "1", "200000")
    assert done.stdout.endswith("\n200000\n")
    assert (tmp_path / LOG).read_text() == done.stdout


def test_a_reader_that_leaves_does_not_end_the_command(entrypoint, tmp_path):
    process = subprocess.Popen([entrypoint, "seq", "1", "200000"], stdout=subprocess.PIPE,
                               env={**os.environ, "REPO_DIR": str(tmp_path)})
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(timeout=20) == 0
    assert (tmp_path / LOG).read_text().endswith("\n200000\n")


def test_a_full_disk_costs_the_log_only(entrypoint, tmp_path):
    (tmp_path / LOG).symlink_to("/dev/full")
    done = run(entrypoint, tmp_path, "sh", "-c", "echo one; sleep 0.2; echo two; exit 4")
    assert (done.returncode, done.stdout) == (4, "one\ntwo\n")
    assert done.stderr.count("No space left on device") == 1
