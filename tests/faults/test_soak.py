"""Launches that go on and on; tests/bench/run soak has ten thousand of them."""
from oracles import DESCRIPTORS
from ringbinder.appliance import SHORT_DELAYS, Appliance
from ringbinder.fake_engine import FakeEngine
from ringbinder.soak import ALIVE, ENDING, Soak

FIRST, MORE = 150, 250
# Until a thousand sessions have ended, what the page of each says is kept; and the journal of SQLite fills its cache.
MEMORY_KIB = 5  # a launch, at most
# Of the state: what a launch of an image that is there comes to, until it is forgotten.
ROWS = {"launch": 1, "build": 0, "image": 0, "session": 1, "container": 1, "event": 5}


def test_hundreds_of_launches_leave_nothing(shared_folder, server):
    """F60: launches for days | 400 of one image on the fake engine, each ends the oldest of 20 sessions | daemon and gateway
    have the descriptors that they had before the last 250, but for kept connections, and at most 5 KiB a launch more
    memory; each launch has the rows that it needs, and no others"""
    with FakeEngine(shared_folder / "soak-engine") as fake, \
            Appliance(shared_folder / "soak", [server.port], **fake.settings, **SHORT_DELAYS) as appliance:
        soak = Soak(fake, appliance, server)
        soak.launches(FIRST)
        before, rows = soak.figures(), soak.rows()
        soak.launches(MORE)
        after, more = soak.figures(), soak.rows()
        print(before, after, rows, more)
        for name, (memory, descriptors) in after.items():
            assert descriptors <= before[name][1] + DESCRIPTORS, (before, after)
            assert memory - before[name][0] <= MEMORY_KIB * MORE, (before, after)
        assert {name: more[name] - rows[name] for name in rows} == {name: of * MORE for name, of in ROWS.items()}
        assert soak.rows(ENDING, "ended = 0") == {"launch": 0, "build": 0, "session": ALIVE, "container": ALIVE}
        assert appliance.stop() == 0
