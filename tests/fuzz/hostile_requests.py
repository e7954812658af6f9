"""Requests as they are sent by who wants two programs to read them in two ways; each from a seed, so each again."""
import random

# Each: what is plain, and what is odd. Most of a request has to be plain for what is odd in it to matter.
METHODS = (
    [b"GET", b"POST", b"GET", b"POST", b"PUT", b"HEAD", b"OPTIONS", b"DELETE", b"PATCH"],
    [b"PROPFIND", b"M-SEARCH", b"get", b"Get", b"G_T", b"G.T", b"GET\t", b"GE\0T", b"", b" GET", b"TRACE",
     b"CONNECT", b"PRI", b"X" * 40])
BLANKS = (
    [b" "],
    [b"  ", b"\t", b"", b"\x0b", b"\r", b"\xa0"])
PIECES = (
    [b"a", b"b%20c", b"lab", b"tree", b"%7Etilde", b"a;b=c", b"a,b", b"@x", b"a%2Fb", b"a.b", b"...", b"a..", b""],
    [b".", b"..", b"%2e", b"%2e%2e", b"%2E.", b".%2e", b"..;", b"..;x", b"..%2f", b"%2e%2e%2f", b"..\\", b"\\..",
     b"%5c..", b"%252e%252e", b"%25%32%65", b"%00", b"%", b"%g0", b"%0", b"%u002e", b"%c0%ae", b"\xc0\xae", b"\xff",
     b"#", b"a#b", b"\"", b"<", b"{", b"|", b"^", b"`", b"\x7f", b"\x01", b"\0", b"x" * 300])
QUERIES = (
    [b"", b"", b"?", b"?a=b", b"?a=%2e%2e/.."],
    [b"?%", b"?a#b", b"?a b", b"?\0", b"?\x80", b"??a?", b"?a=/../b"])
TARGETS = [b"*", b"http://a/x", b"http://a", b"HTTP://A/x", b"a:443", b"//a/x", b"x/y", b"", b"/", b"?a",
           b"https://a:1/", b"http:/a", b"http://a@b/", b"http://[::1]/", b"://"]
VERSIONS = (
    [b"HTTP/1.1"] * 5 + [b"HTTP/1.0"],
    [b"HTTP/1.2", b"HTTP/2.0", b"HTTP/0.9", b"HTTP/1.10", b"HTTP/01.1", b"HTTP/1.1 ", b"http/1.1", b"HTTP/1",
     b"HTTP/1.1x", b"HTTP/1.1\t", b"HTTP/11", b"", b"HTP/1.1", b"HTTP/ 1.1", b"HTTP /1.1", b"HTTP/9.9", b"HTTP/1,1"])
ENDS = (
    [b"\r\n"],
    [b"\n", b"\r", b"\r\r\n", b"\n\r", b"\r\n ", b"\r\n\t", b"\r\0\n", b"\x0b\r\n", b" \r\n", b"\x85"])
HOSTS = (
    [b"Host: a", b"Host: a:80", b"Host: [::1]:80", b"host: a", b"HOST:a", b"Host:a "],
    [b"Host:\ta", b"Host: ", b"", b"Host : a", b"Host: a/b", b"Host: a b", b"Host: a@b", b"Host: a\\b", b"Host: a:b",
     b"Host: a:", b"Host: [", b"Host: []", b"Host: a\0b", b"Host: a..b", b"Host: .", b"Host: a.", b"Host: .a",
     b"Host: a,b", b"Host: a#b", b"Host: a?b", b"Host: a%41", b"Host: \xe4", b"Host: a:80:80", b"Host: -",
     b"Host: _", b"Host: a*", b"Host: [::1", b"Host: [::1]x", b"Host: [v1.a]", b"Host: a:99999", b"Host: :80",
     b"Host: a;b", b"Host: (a)", b"Host: a'b", b"Host: a\"b", b"Host: <a>", b"Host: ~a"])
EXTRAS = (
    [b"X: y", b"Accept: */*", b"Cookie: a=b", b"X-Empty:", b"x:y", b"X:  y  ", b"X-Y: a\tb", b"X-Y: \xe4\xff",
     b"Connection: close", b"Connection: keep-alive", b"Connection: close, X"],
    [b"Connection: Host, Content-Length", b"X_Y: z", b"Connection: Transfer-Encoding", b"Expect: 100-continue",
     b"Expect: 200-ok", b"Expect: 100-Continue", b"Upgrade: h2c", b"Upgrade: websocket", b"Connection: Upgrade",
     b"Connection: Upgrade, HTTP2-Settings", b"HTTP2-Settings: AAMAAABkAAQAAP__", b"TE: trailers",
     b"Trailer: Content-Length", b"Keep-Alive: 5", b"Sec-WebSocket-Key: x", b"Sec-WebSocket-Version: 7",
     b"Content_Length: 3", b"Transfer_Encoding: chunked", b"X-HTTP-Method-Override: DELETE", b"Authorization: a",
     b"Content-Type: a/b", b"Range: bytes=0-", b"If-Match: *", b"X\0: y", b"X: a\0b", b"X: a\rb", b"X: a\nb",
     b"X : y", b" X: y", b"\tX: y", b": y", b"X", b"X Y: z", b"X\t: y", b"X: y\r\n z", b"X(: y", b"X\xe4: y",
     b"X: \x7f", b"X: \x01", b"X;: y", b"X: \x0b", b"\x0bX: y", b"X\"Y: z", b"\0", b"X/Y: z", b"X@Y: z", b"[X]: y",
     b"X: " + b"y" * 3000, b"X" * 300 + b": y", b"X,Y: z", b"X{: y", b"X=: y"])
# %d: the body's length.
LENGTHS = (
    [b"Content-Length: %d", b"content-length:%d", b"Content-Length: %d ", b"Content-Length: 0%d"],
    [b"Content-Length: +%d", b"Content-Length: -%d", b"Content-Length: 0x%d", b"Content-Length: %d,%d",
     b"Content-Length: %d, %d", b"Content-Length: %d %d", b"Content-Length: %d.0", b"Content-Length: %de0",
     b"Content-Length:", b"Content-Length: %da", b"Content-Length: \x0b%d", b"Content-Length : %d",
     b"Content-Length\t: %d", b"\tContent-Length: %d", b"Content-Length: %d\r\nContent-Length: %d",
     b"Content-Length: %d\r\nContent-Length: 0", b"Content-Length: 0\r\nContent-Length: %d",
     b"Content-Length: \"%d\"", b"Content-Length: 18446744073709551616", b"Content-Length: 18446744073709551617",
     b"Content-Length: 9223372036854775808", b"Content-Length: 4294967296", b"Content-Length: 1000001",
     b"Content-Length: 00000000000000000000000000%d", b"Content-Length: %d\r\n ", b"Content-Length:\r\n %d",
     b"Content-Length: %d;", b"Content-Length: \xa0%d", b"Content-Length: %d\0", b"Content-Length: -0",
     b"Transfer-Encoding: chunked\r\nContent-Length: %d", b"Content-Length: %d\r\nTransfer-Encoding: chunked"])
CODINGS = (
    [b"Transfer-Encoding: chunked", b"transfer-encoding:chunked", b"Transfer-Encoding: Chunked",
     b"Transfer-Encoding: chunked "],
    [b"Transfer-Encoding: CHUNKED\t", b"Transfer-Encoding: xchunked", b"Transfer-Encoding: chunkedx",
     b"Transfer-Encoding: identity", b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding: chunked, chunked",
     b"Transfer-Encoding: chunked, identity", b"Transfer-Encoding: identity, chunked",
     b"Transfer-Encoding: ,chunked", b"Transfer-Encoding: chunked,", b"Transfer-Encoding: chunked;a=b",
     b"Transfer-Encoding: \"chunked\"", b"Transfer-Encoding:",
     b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
     b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x", b"Transfer-Encoding: x\r\nTransfer-Encoding: chunked",
     b"Transfer-Encoding : chunked", b"Transfer-Encoding\t:chunked", b"Transfer-Encoding: \x0bchunked",
     b"Transfer-Encoding: \x0cchunked", b"Transfer-Encoding:\xa0chunked", b"Transfer-Encoding: chunked\0",
     b"Transfer-Encoding:\r\n chunked", b"Transfer-Encoding: chunked\r\n ", b"\tTransfer-Encoding: chunked",
     b"X: y\nTransfer-Encoding: chunked", b"X: y\rTransfer-Encoding: chunked", b"Transfer_Encoding: chunked",
     b"Transfer-Encoding\0: chunked", b"Transfer-Encoding: chun\rked", b"TE: chunked", b"Transfer-Encoding: cow",
     b"Transfer Encoding: chunked", b"Transfer-Encoding: chunke\xe4"])
SIZES = (
    [b"%x", b"%X", b"0%x", b"%x;a", b"%x;a=b"],
    [b"0" * 30 + b"%x", b"0x%x", b"+%x", b"-%x", b" %x", b"%x ", b"%x\t", b"\t%x", b"%x;", b"%x;a=\"b\"", b"%x ;a",
     b"%x; a=b", b"%x;a=\"\r\n\"", b"%x;\n", b"%x\0", b"%xg", b"", b"10000000000000%03x", b"ffffffffffffffff",
     b"7fffffffffffffff", b"8000000000000000", b"f4241", b"%x;" + b"a" * 200, b"%x;" + b"a" * 400, b"%x.0", b"%x,%x",
     b"%x;a\rb", b"%x;a\tb", b"%x;\xe4", b"%x;\x7f", b"\r\n%x", b"\n%x", b"%x\x0b"])
DATA_ENDS = (
    [b"\r\n"],
    [b"\n", b"", b"\r", b"\n\r", b"\r\r\n", b"x\r\n", b"\r\n\r\n", b"xx", b" \r\n", b"\0\0"])
LASTS = (
    [b"0", b"00", b"0;a"],
    [b"000000000000000000000000", b"0 ", b"-0", b"+0", b"0x0", b"", b" 0", b"0\t"])
TRAILERS = (
    [b"", b"T: v"],
    [b"Content-Length: 5", b"Transfer-Encoding: chunked", b"Host: b", b"T : v", b": v", b"T", b" T: v", b"T: a\0",
     b"T: a\r", b"T: v\r\n w", b"T: a\nb", b"T: " + b"v" * 9000, b"GET /t HTTP/1.1", b"T: v\r\nU: w", b"T\0: v",
     b"T:", b"X Y: z"])
FRONTS = (
    [b""],
    [b"\r\n", b"\n", b"\r\n\r\n", b" ", b"\0", b"\r", b"\n\n", b"\r\n\n"])
SPECIAL = [b"\r", b"\n", b"\r\n", b"\0", b" ", b"\t", b":", b";", b",", b"/", b"%", b"#", b"?", b"\x0b", b"\x7f",
           b"\x80", b"\xff", b"\r\n\r\n", b"\n\n", b"0\r\n\r\n", b"\\", b".", b"..", b"-", b"+", b"_", b"chunked",
           b"Content-Length: 5\r\n"]
END = b"GET /end HTTP/1.1\r\nHost: a\r\n\r\n"
ODD = 0.03  # of the choices


def pick(rng, choices):
    plain, odd = choices
    return rng.choice(odd if rng.random() < ODD else plain)


def numbered(rng, choices, number):
    """A choice with its %d, %x or %X filled in."""
    chosen = pick(rng, choices)
    return chosen % ((number,) * chosen.count(b"%"))


def target(rng):
    if rng.random() < ODD:
        return rng.choice(TARGETS)
    return b"/" + b"/".join(pick(rng, PIECES) for _ in range(rng.randint(1, 3))) + pick(rng, QUERIES)


def chunks(rng):
    body = b""
    for _ in range(rng.randint(0, 3)):
        data = rng.choice([b"abc", b"0\r\n\r\n", b"GET /in HTTP/1.1\r\nHost: a\r\n\r\n", b"x" * 20, b"5\r\n"])
        body += numbered(rng, SIZES, len(data)) + pick(rng, ENDS) + data + pick(rng, DATA_ENDS)
    trailers = pick(rng, TRAILERS)
    if trailers:
        trailers += pick(rng, ENDS)
    return body + pick(rng, LASTS) + pick(rng, ENDS) + trailers + pick(rng, ENDS)


def request(rng):
    lines = [pick(rng, HOSTS)] + [pick(rng, EXTRAS) for _ in range(rng.choice([0, 0, 1, 1, 2, 3]))]
    body, kind = b"", rng.random()
    if kind < 0.35:
        body = rng.choice([b"", b"abc", b"x" * 30, b"GET /in HTTP/1.1\r\nHost: a\r\n\r\n", b"0\r\n\r\n", b"\r\n"])
        lines.append(numbered(rng, LENGTHS, len(body)))
    elif kind < 0.75:
        body = chunks(rng)
        lines.append(pick(rng, CODINGS))
    rng.shuffle(lines)
    first = pick(rng, METHODS) + pick(rng, BLANKS) + target(rng) + pick(rng, BLANKS) + pick(rng, VERSIONS)
    return pick(rng, FRONTS) + first + pick(rng, ENDS) + b"".join(line + pick(rng, ENDS) for line in lines if line) \
        + pick(rng, ENDS) + body


def mutate(rng, sent):
    for _ in range(rng.choice([1, 1, 2, 3])):
        at, to = sorted(rng.randrange(len(sent) + 1) for _ in range(2))
        to = min(to, at + 12)
        sent = rng.choice([
            lambda: sent[:at] + rng.choice(SPECIAL) + sent[at:],
            lambda: sent[:at] + sent[to:],
            lambda: sent[:to] + sent[at:],
            lambda: sent[:at] + bytes([rng.randrange(256)]) + sent[at + 1:],
            lambda: sent[:at] + rng.choice(SPECIAL) + sent[to:],
            lambda: sent[:at] + sent[at:at + 1].swapcase() + sent[at + 1:],
        ])()
    return sent


def conversation(seed, corpus):
    """All bytes of one connection: some requests, the last of which shows where the one before it has ended."""
    rng = random.Random(seed)
    if corpus and rng.random() < 0.2:
        sent = mutate(rng, rng.choice(corpus))
    else:
        sent = b"".join(request(rng) for _ in range(rng.choice([1, 1, 1, 2, 3])))
        if rng.random() < 0.3:
            sent = mutate(rng, sent)
    return sent + END
