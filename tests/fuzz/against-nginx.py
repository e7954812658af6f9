#!/usr/bin/python3
"""The same bytes to nginx and to our gateway: what nginx refuses we refuse, and what both take, both end alike.

    tests/fuzz/against-nginx.py [--seconds N | --cases N] [--seed N] [--keep FOLDER]
    tests/fuzz/against-nginx.py FILE...      these conversations, with what either made of them

A conversation is what a client sends on one connection before it closes its half. What the backends behind the two
have been asked is compared: ours must be the beginning of nginx's. Where it is shorter, our refusal is a row of
STRICTER, which says why. The corpus holds conversations in which the two differed once."""
import argparse
import re
import socket
import sys
import tempfile
import time
import zlib
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests" / "lib"))
from hostile_requests import END, conversation  # noqa: E402
from ringbinder.gateway import Gateway, read_all  # noqa: E402
from ringbinder.nginx import Nginx  # noqa: E402
from ringbinder.recorder import Recorder  # noqa: E402

CORPUS = Path(__file__).resolve().parent / "corpus" / "against-nginx"
BODY_MAX = 1000000  # the portal's (contract 1.6)
FOUND_MAX = 20
STATUS = re.compile(rb"HTTP/1\.1 ([2-5]\d\d) ")  # of a final answer
PARAGRAPH = re.compile(rb"<p>(.*?)</p>")

# A sentence of our refusals, and why we refuse where nginx takes it (RFC 9112, where nothing else is named).
STRICTER = {
    b"target is not a path from the root": "section 3.2: only origin form is ours; a route is looked up in the path",
    b"path has dot segments or malformed escapes": "contract 1.6: routes and servers would disagree about them",
    b"does not begin with a method in capital letters": "section 2.2: one empty line may stand before it, not several",
    b"The request is not written as HTTP/1.1 has it": "the same, said of its first byte",
    b"first line does not end with its version": "section 3: one blank, the version, CR LF; HTTP/1.10 is no version",
    b"has another version of HTTP": "section 2.3: nginx takes all of HTTP/1.x",
    b"line does not end with CR LF": "section 2.2: LF alone may be taken for a line's end, and who does not differs",
    b"value has a control character": "RFC 9110, section 5.5: nginx refuses NUL and LF alone",
    b"name is not one word directly before its colon": "section 5.1: nginx leaves such a field out and goes on",
    b"Host is no host": "RFC 9110, section 7.2: nginx looks for slashes and blanks alone",
    b"The body's chunks are malformed": "section 7.1: nginx skips trailers and what stands behind a size unread",
    b"this address does not take this method": "nginx refuses CONNECT and TRACE alike, later",
}


class Fronts:
    """nginx and the gateway, each before a recorder of its own."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.gateway = Gateway(self.folder / "gateway")
        self.gateway.set("CLIENT_RATE", 0)  # all of it comes from one client
        self.nginx = Nginx(self.folder / "nginx", f"unix:{self.folder}/behind-nginx.sock", BODY_MAX)
        self.recorders = {"nginx": Recorder(self.folder / "behind-nginx.sock"),
                          "ours": Recorder(self.gateway.portal_path)}
        self.ports = {"nginx": self.nginx.port, "ours": self.gateway.portal}

    def ask(self, name, sent):
        """(what the backend was asked, what the client got)"""
        recorder = self.recorders[name]
        recorder.requests.clear()
        with socket.create_connection(("127.0.0.1", self.ports[name]), timeout=20) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                # In two pieces, so that some are read in the middle of a line.
                cut = zlib.crc32(sent) % (len(sent) + 1)
                connection.sendall(sent[:cut])
                connection.sendall(sent[cut:])
                connection.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # it was refused before its end
            answer = read_all(connection)
        return list(recorder.requests), answer

    def stop(self):
        self.nginx.stop()
        fine = self.gateway.stop()
        for recorder in self.recorders.values():
            recorder.stop()
        if not fine:
            raise RuntimeError(f"the gateway did not end as it should:\n{self.gateway.journal()}")


def statuses(answer):
    """Of final answers; HTTP/0.9 has none."""
    return [int(number) for number in STATUS.findall(answer)]


def last_of(answer):
    """The last answer of all."""
    return answer[max((match.start() for match in STATUS.finditer(answer)), default=0):]


def refused(answer):
    return not statuses(answer) or statuses(answer)[-1] >= 400


def left_off(answer):
    """Whether the connection ended after an answer like any other, because one side wanted no more requests."""
    return not refused(answer) and b"\r\nConnection: close\r\n" in last_of(answer)


def is_explained(answer, their_requests, their_answer):
    """Whether it is known why we went no further than this answer, and nginx did."""
    if left_off(answer):
        return True  # HTTP/1.0 has one request for each connection here, whatever Connection says
    if len(statuses(their_answer)) < len(their_requests):
        return True  # HTTP/0.9: to us the beginning of a head that does not end
    if refused(answer) and answer.endswith(b"\r\n\r\n"):
        return True  # to a HEAD, so without a sentence
    return any(sentence in last_of(answer) for sentence in STRICTER)


def difference(fronts, sent):
    """(kind, what is wrong), or None."""
    try:
        theirs, their_answer = fronts.ask("nginx", sent)
        ours, answer = fronts.ask("ours", sent)
    except TimeoutError:
        return "open", "a connection is not closed"
    if ours[:len(theirs)] != theirs[:len(ours)]:
        return "other", f"nginx passes on {theirs}, we {ours}"
    if len(ours) > len(theirs) and not left_off(their_answer):
        return "taken", f"nginx refuses what we pass on: {ours[len(theirs):]}"
    if len(ours) < len(theirs) and not is_explained(answer, theirs, their_answer):
        return "stricter", f"we refuse without a reason: {theirs[len(ours):]}\n    {PARAGRAPH.findall(last_of(answer))}"
    if len(statuses(answer)) < len(ours):
        return "silent", f"{len(ours)} requests have {len(statuses(answer))} answers"
    return None


def confirmed(fronts, sent):
    """The difference, unless it does not come again: what an earlier conversation left over is none."""
    found = difference(fronts, sent)
    for _ in range(2):
        if not found:
            return None
        time.sleep(0.1)
        found = difference(fronts, sent)
    return found


def shorter(fronts, sent, kind):
    """A smaller conversation that differs in the same way."""
    size = len(sent) // 2
    while size:
        at = 0
        while at < len(sent):
            less = sent[:at] + sent[at + size:]
            if (difference(fronts, less) or "")[:1] == (kind,):
                sent = less
            else:
                at += size
        size //= 2
    return sent


def conversations(options, corpus):
    """(name, bytes), as many as there is time for."""
    for path in corpus:
        yield path.name, path.read_bytes()
    seeds = [path.read_bytes().removesuffix(END) for path in corpus]
    begin, number = time.monotonic(), 0
    while (time.monotonic() - begin < options.seconds) if options.seconds else (number < options.cases):
        yield f"{options.seed}-{number}", conversation(f"{options.seed}-{number}", seeds)
        number += 1


def show(fronts, paths):
    for path in paths:
        sent = Path(path).read_bytes()
        for name in ("nginx", "ours"):
            requests, answer = fronts.ask(name, sent)
            print(f"{path}: {name}: {statuses(answer)} {requests}")
        print(f"{path}: {difference(fronts, sent) or 'no difference'}")


def tell(fronts, name, sent, keep):
    print(f"{name}: {sent!r}\n    {difference(fronts, sent)}", flush=True)
    if keep:
        keep.mkdir(parents=True, exist_ok=True)
        (keep / name).write_bytes(sent)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--cases", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="folder for conversations that differ")
    parser.add_argument("files", nargs="*")
    options = parser.parse_args()
    count, found = 0, 0
    with tempfile.TemporaryDirectory() as folder:
        fronts = Fronts(folder)
        try:
            if options.files:
                show(fronts, options.files)
                return 0
            for name, sent in conversations(options, sorted(CORPUS.glob("*"))):
                count += 1
                what = difference(fronts, sent) and confirmed(fronts, sent)
                if what:
                    found += 1
                    tell(fronts, name, shorter(fronts, sent, what[0]), options.keep)
                if found == FOUND_MAX:
                    break
        finally:
            fronts.stop()
    print(f"{count} conversations, {found} differ")
    return 1 if found or not count else 0


if __name__ == "__main__":
    sys.exit(main())
