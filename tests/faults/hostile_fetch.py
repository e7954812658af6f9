#!/usr/bin/python3
"""Stands in for ringbinder-fetch after a takeover: plays what the address names, else becomes the true one.

A URL that holds `play-NAME.git` chooses the play NAME; the first frame is only looked at, so that the true program
finds it again. The test puts both programs and tests/lib/ringbinder into one folder."""
import io
import os
import re
import socket
import sys
import tarfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "lib"))
from ringbinder.fetch import BYTES, END, LINE, PLAN, REF, frame, number, plan, ref, text  # noqa: E402

CONTROL = b"\x1b[2Jred\x1b]0;title\x07\r\x08\xff\xfe\xc3(" + b"\xe2\x80\xae"
LISTENER_PORT = 8099
STUB = b"FROM ringbinder/stub:1\n"
DAEMON = socket.socket(fileno=0) if __name__ == "__main__" else None


def say(*parts):
    DAEMON.sendall(b"".join(parts))


def wait_for_question():
    """The daemon's next frame; what it holds does not matter to us."""
    if not DAEMON.recv(65536):
        sys.exit(0)


def sleep():
    time.sleep(120)


def end(code=0, why=""):
    return frame(END, number(code) + text(why))


def commit(value):
    return frame(REF, ref(value))


def content(files, kind=tarfile.REGTYPE, link=""):
    """A context as frames, without its end."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, link
            entry.size = len(data) if kind == tarfile.REGTYPE else 0
            archive.addfile(entry, io.BytesIO(data))
    return pieces(stream.getvalue())


def pieces(data):
    return b"".join(frame(BYTES, data[at:at + 65536]) for at in range(0, len(data), 65536))


CONTEXT_END = frame(BYTES, b"")


def endless(*parts):
    """Until the daemon has had enough."""
    try:
        while True:
            say(*parts)
    except OSError:
        pass


def endless_file():
    """A tar whose one file goes on and on."""
    entry = tarfile.TarInfo("Dockerfile")
    entry.size = 7 << 30
    wait_for_question()
    say(frame(BYTES, entry.tobuf()))
    endless(frame(BYTES, bytes(65536)))


def after_plan(*parts, lane=0, dockerfiles=("Dockerfile",)):
    """A good plan, the daemon's CONTEXT, then `parts`."""
    say(frame(PLAN, plan(lane, dockerfiles)))
    wait_for_question()
    say(*parts)


def environment_without_end():
    say(frame(PLAN, plan(1, ("Dockerfile", "Dockerfile"))))
    endless_file()


def content_without_end():
    say(frame(PLAN, plan()))
    endless_file()


def huge_lines():
    for _ in range(1500):
        say(frame(LINE, text(b"x" * 60000)))
    say(end(1333, "lines of 60 kB were sent"))


def claims():
    """Bytes of its own for an environment that others use: its key is named wherever a name can be put."""
    key = (HERE / "popular").read_text().strip()
    labels = f'LABEL io.ringbinder.environment="{key}" io.ringbinder.lane="layers"\n'
    say(frame(PLAN, plan(1, ("Dockerfile", "Dockerfile"), f"ringbinder/env:{key[:32]}")))
    wait_for_question()
    say(content({"Dockerfile": f"ARG RB_ENVIRONMENT\nFROM ${{RB_ENVIRONMENT}}\n{labels}ENV SPOILT={time.time_ns()}\n".encode(),
                 "key": key.encode()}), CONTEXT_END)
    wait_for_question()
    say(content({"Dockerfile": STUB + labels.encode() + b"ENV SPOILT=yes\n"}), CONTEXT_END, end())


def reads(*instructions):
    """A Dockerfile of its own that wants what another repository's image holds, and would tell a listener."""
    victim, listener = (HERE / "victim").read_text().split()
    tell = f"""python3 -c 'import socket; socket.create_connection(("{listener}", {LISTENER_PORT}))' # {time.time_ns()}"""
    lines = "\n".join((*instructions, "RUN {tell}")).format(victim=victim, tell=tell)
    after_plan(content({"Dockerfile": f"{lines}\n".encode()}), CONTEXT_END, end())


def leaves_children():
    """Processes in sessions of their own, deaf to what is polite."""
    for _ in range(3):
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                sleep()
            os._exit(0)
    say(end(1333, "some children were left behind"))


def stays():
    """Says its last word and does not go."""
    say(end(1333, "and yet it stays"))
    sleep()


PLAYS = {
    # The answer to RESOLVE.
    "resolve-dots": lambda: say(commit("../../etc/passwd"), end()),
    "resolve-option": lambda: say(commit("--upload-pack=x"), end()),
    "resolve-newline": lambda: say(commit("a" * 40 + "\nX"), end()),
    "resolve-nul": lambda: say(commit("a" * 40 + "\0"), end()),
    "resolve-long": lambda: say(commit("a" * 300), end()),
    "resolve-twice": lambda: say(commit("a" * 40), commit("b" * 40), end()),
    "resolve-plan": lambda: say(frame(PLAN, plan())),
    "resolve-more": lambda: say(commit("a" * 40), end(), commit("b" * 40)),
    "resolve-code": lambda: say(end(1801, "the disk is broken")),
    "resolve-lines": lambda: endless(frame(LINE, text("still looking"))),
    "resolve-oversized": lambda: say(b"\xff\xff\xff\xff\x10"),
    "resolve-etag": lambda: say(frame(REF, ref("a" * 40, 7, "x" * 60000)), end()),
    "resolve-silent": sleep,
    # The answer to OPEN.
    "dots": lambda: say(frame(PLAN, plan(dockerfiles=("../Dockerfile",)))),
    "inner-dots": lambda: say(frame(PLAN, plan(dockerfiles=("a/../../Dockerfile",)))),
    "absolute": lambda: say(frame(PLAN, plan(dockerfiles=("/etc/passwd",)))),
    "nul": lambda: say(frame(PLAN, plan(dockerfiles=("Docker\0file",)))),
    "newline": lambda: say(frame(PLAN, plan(dockerfiles=("Docker\nfile",)))),
    "escape": lambda: say(frame(PLAN, plan(dockerfiles=("Docker\x1bfile",)))),
    "no-path": lambda: say(frame(PLAN, plan(dockerfiles=("",)))),
    "long-path": lambda: say(frame(PLAN, plan(dockerfiles=("a" * 5000,)))),
    "lane": lambda: say(frame(PLAN, plan(7))),
    "lane-enormous": lambda: say(frame(PLAN, plan(0xffffffff))),
    "no-image": lambda: say(frame(PLAN, plan(images=0))),
    "many-images": lambda: say(frame(PLAN, plan(images=0xffffffff))),
    "half-true": lambda: say(frame(PLAN, plan(online=2))),
    "trailing": lambda: say(frame(PLAN, plan() + b"more")),
    "plan-twice": lambda: say(frame(PLAN, plan()), frame(PLAN, plan())),
    "ref": lambda: say(commit("a" * 40)),
    "bytes-first": lambda: say(frame(BYTES, b"x")),
    "bytes-unasked": lambda: say(frame(PLAN, plan()), frame(BYTES, b"x")),
    "line-late": lambda: after_plan(frame(LINE, text("too late"))),
    "end-early": lambda: say(end()),
    "oversized": lambda: say(b"\xff\xff\xff\xff\x11"),
    "little-too-large": lambda: say(frame(LINE, text(b"x" * 65533))),
    "unknown": lambda: say(frame(99, b"")),
    "question": lambda: say(frame(1, b"")),
    "lines": lambda: endless(frame(LINE, text("still fetching"))),
    "code-of-others": lambda: say(end(1801, "the disk is broken")),
    "code-of-none": lambda: say(end(0xfffffff0, "what is that")),
    "after-end": lambda: after_plan(content({"Dockerfile": STUB}), CONTEXT_END, end(), frame(LINE, text("more"))),
    "two-ends": lambda: after_plan(content({"Dockerfile": STUB}), CONTEXT_END, end(), end()),
    "content-twice": lambda: after_plan(content({"Dockerfile": STUB}), CONTEXT_END, CONTEXT_END),
    "content-without-end": content_without_end,
    "environment-without-end": environment_without_end,
    "breaks-off": lambda: after_plan(content({"Dockerfile": STUB})[:100]),
    "control": lambda: say(frame(LINE, text(CONTROL)), end(1333, b"a word or two " + CONTROL)),
    "huge-lines": huge_lines,
    "huge-end": lambda: say(end(1333, b"w " * 32000)),
    "garbage": lambda: after_plan(pieces(os.urandom(100000)), CONTEXT_END, end()),
    "empty": lambda: after_plan(CONTEXT_END, end()),
    "symlink": lambda: after_plan(content({"Dockerfile": b""}, tarfile.SYMTYPE, "/etc/passwd"), CONTEXT_END, end()),
    "climbs": lambda: after_plan(content({"../../../tmp/climbed": b"x", "Dockerfile": b"FROM nothing-of-that-name\n"}),
                                 CONTEXT_END, end()),
    "device": lambda: after_plan(content({"Dockerfile": b""}, tarfile.CHRTYPE), CONTEXT_END, end()),
    "close": lambda: None,
    "silent": sleep,
    "half-frame": lambda: (say(frame(PLAN, plan())[:7]), sleep()),
    "content-silent": lambda: (after_plan(), sleep()),
    "claims": claims,
    "reads-own": lambda: reads("FROM ringbinder/debian:1"),
    "reads-from": lambda: reads("FROM {victim}"),
    "reads-stage": lambda: reads("FROM {victim} AS a", "FROM ringbinder/debian:1", "COPY --from=a /secret /"),
    "reads-copy": lambda: reads("FROM ringbinder/debian:1", "COPY --from={victim} /secret /"),
    "reads-mount": lambda: reads("FROM ringbinder/debian:1", "RUN --mount=from={victim},target=/v cat /v/secret; {tell}"),
    "reads-argument": lambda: reads("ARG A={victim}", "FROM docker.io/$A"),
    "reads-frontend": lambda: reads("# syntax={victim}", "FROM ringbinder/debian:1"),
    "leaves-children": leaves_children,
    "stays": stays,
}


def main():
    first = DAEMON.recv(65536, socket.MSG_PEEK)
    named = re.search(rb"play-([a-z-]+)\.git", first)
    if not named:
        os.execv(HERE / "ringbinder-fetch.true", ["ringbinder-fetch"])
    wait_for_question()
    PLAYS[named[1].decode()]()


if __name__ == "__main__":
    main()
