"""What thousands of launches leave in the memory and among the descriptors of daemon and gateway, on the fake engine."""
import time

from ringbinder.appliance import Appliance
from ringbinder.fake_engine import FakeEngine
from ringbinder.repository import GitServer
from ringbinder.soak import Soak

ROUNDS, FIRST = 10_000, 1_000


def soak(folder, quick):
    """Growth between the 1,000th launch, until when each session that has ended is one more that is kept, and the last;
    of the process that grew more."""
    rounds, first = 2 * FIRST if quick else ROUNDS, FIRST
    begin = time.monotonic()
    with GitServer(folder / "git") as server, FakeEngine(folder / "engine") as fake, \
            Appliance(folder / "appliance", [server.port], linger="0s", **fake.settings) as appliance:
        one = Soak(fake, appliance, server)
        one.launches(first)
        before = one.figures()
        one.launches(rounds - first)
        after = one.figures()
    grown = {name: (after[name][0] - before[name][0]) / 1024 for name in after}
    descriptors = sum(max(0, after[name][1] - before[name][1]) for name in after)
    worst = max(grown.values())
    note = ", ".join(f"{name} {before[name][0] / 1024:.1f} -> {after[name][0] / 1024:.1f} MB, "
                     f"{before[name][1]} -> {after[name][1]} descriptors" for name in after)
    return {"ours": worst, "peer": None, "value": worst if descriptors == 0 else float("inf"), "bar": 1, "unit": "MB",
            "memory_mb": grown, "descriptors": descriptors,
            "note": f"{rounds} launches in {time.monotonic() - begin:.0f} s: {note}; bar of descriptors 0"}
