"""Answers as a hostile container gives them; each from a seed, so each again."""
import random

from hostile_requests import CODINGS, ENDS, EXTRAS, LENGTHS, chunks, mutate, numbered, pick

VERSIONS = ([b"HTTP/1.1"], [b"HTTP/1.0", b"HTTP/1.2", b"HTTP/2.0", b"HTTP/2", b"http/1.1", b"", b"HTTP/1.1 ", b"ICY"])
STATUSES = (
    [b"200", b"200", b"404", b"201", b"204", b"304"],
    [b"100", b"101", b"103", b"199", b"20", b"2000", b"099", b"600", b"999", b"-200", b"0x200", b"200x", b"", b"206"])
REASONS = ([b" OK", b" "], [b"", b"  ", b" \x01", b" \xff", b"\tOK", b" a\rb", b" a\nb", b" O\0K"])
INTERIM = ([b""], [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early\r\nLink: </a>\r\n\r\n",
                   b"HTTP/1.1 102 P\r\nContent-Length: 3\r\n\r\n", b"HTTP/1.1 101 S\r\nUpgrade: websocket\r\n\r\n"])
HIDDEN = ([b""], [b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhidden", b"x", b"\r\n", b"0\r\n\r\n"])


def answer(seed):
    """(bytes, whether the server closes behind them at once)"""
    rng = random.Random(seed)
    lines = [pick(rng, EXTRAS) for _ in range(rng.choice([0, 0, 1, 2]))]
    closes, kind = rng.random() < 0.2, rng.random()
    body = rng.choice([b"", b"abc", b"x" * 30, b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhidden"])
    if kind < 0.45:
        lines.append(numbered(rng, LENGTHS, len(body)))
    elif kind < 0.9:
        body = chunks(rng)
        lines.append(pick(rng, CODINGS))
    else:
        closes = True
    rng.shuffle(lines)
    first = pick(rng, VERSIONS) + b" " + pick(rng, STATUSES) + pick(rng, REASONS) + pick(rng, ENDS)
    said = pick(rng, INTERIM) + first + b"".join(line + pick(rng, ENDS) for line in lines) + pick(rng, ENDS) + body
    said += pick(rng, HIDDEN)
    return (mutate(rng, said) if rng.random() < 0.2 else said), closes
