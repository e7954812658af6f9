"""The client's side of the event stream (contract 2)."""
import contextlib
import http.client
import json
import time
import urllib.parse


def spec(url, ref="HEAD"):
    return f"{urllib.parse.quote(url, safe='')}/{urllib.parse.quote(ref, safe='')}"


def build_path(url, ref="HEAD"):
    return f"/build/git/{spec(url, ref)}"


class Stream:
    """GET /build/...; iterating gives events until the server closes. `last_id`: of the event that was given last; with
    one, the stream goes on behind it."""

    def __init__(self, portal, path, headers=None, timeout=900, last_id=None):
        where = urllib.parse.urlsplit(portal)
        self.connection = http.client.HTTPConnection(where.hostname, where.port, timeout=timeout)
        self.connection.request("GET", path, headers={"Accept": "text/event-stream", **(headers or {}),
                                                        **({"Last-Event-ID": last_id} if last_id else {})})
        self.answer = self.connection.getresponse()
        self.keepalives = 0
        self.last_id = last_id

    def __iter__(self):
        came = None
        while True:
            line = self.answer.readline()
            if not line:
                return
            text = line.decode().rstrip("\n")
            if text.startswith("id: "):
                came = text[4:]
            elif text.startswith("data:"):
                self.last_id = came
                yield json.loads(text[5:])
            elif text.startswith(":"):
                self.keepalives += 1

    def close(self):
        # Both: the answer holds the socket open as long as it has not been read to its end.
        self.answer.close()
        self.connection.close()


class LaunchFailed(Exception):
    pass


def launch(portal, url, ref="HEAD", on_event=None):
    """Runs a launch up to its `ready` event, which it returns with the events before it and its seconds."""
    begin = time.monotonic()
    stream = Stream(portal, build_path(url, ref))
    events = []
    try:
        for event in stream:
            events.append(event)
            if on_event:
                on_event(event)
            if event.get("phase") == "ready":
                return {**event, "events": events, "seconds": time.monotonic() - begin}
            if event.get("phase") in ("failed", "failure"):
                break
    finally:
        stream.close()
    raise LaunchFailed(events[-1].get("message", "no message") if events else "no event", events)


def events_of(portal, path, headers=None, timeout=900):
    """The whole stream, up to the server's close."""
    stream = Stream(portal, path, headers, timeout)
    try:
        return list(stream)
    finally:
        stream.close()


def follow(portal, path, on_event=None, limit_s=120):
    """A client as it should be: goes on with the last event's id whenever it is cut off. Events up to the last one."""
    events, last_id, deadline = [], None, time.monotonic() + limit_s
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, http.client.HTTPException):
            stream = Stream(portal, path, timeout=30, last_id=last_id)
            try:
                assert stream.answer.status == 200, stream.answer.status
                for event in stream:
                    events.append(event)
                    last_id = stream.last_id
                    drop = on_event and on_event(event) == "drop"
                    if event.get("phase") in ("ready", "failed"):
                        return events
                    if drop:
                        break
            finally:
                last_id = stream.last_id or last_id
                stream.close()
        time.sleep(0.05)
    raise AssertionError(f"no last event within {limit_s} s; {events[-3:]}")
