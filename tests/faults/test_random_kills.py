"""Programs killed with -9 at random moments, on the machine's engine. RB_KILLS=200 for many; the seed is the round's."""
import os
import random
import re
import signal
from concurrent.futures import ThreadPoolExecutor

from kill_rig import STUB, Docker, Rig
from oracles import wait_until

KILLS = int(os.environ.get("RB_KILLS", "24"))
A_ROUND = 4  # kills of one appliance: `up` waits 1 s, then 2 s, then 4 s before it starts the same program again
AT_A_TIME = 2
# Of two launches' beginning: as long as they take on a busy machine, or as a fetch of them lives; sooner is likelier.
WITHIN_S = {"ringbinderd": 2.5, "ringbinder-gateway": 2.5, "fetch": 0.6}
GIVEN_UP = re.compile(r"^<\d>RB\d+ .*LAUNCH=")  # what an operator reads of a launch that has failed
VICTIMS = ("ringbinderd", "ringbinderd", "ringbinder-gateway", "fetch")


def kill(rig, victim):
    """Whether there was one; the next one is there when this returns."""
    if victim == "fetch":
        alive = rig.fetches()
        for pid in alive:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass  # it has just ended
        return bool(alive)
    dead = rig.appliance.pid_of(victim)
    os.kill(dead, signal.SIGKILL)
    assert wait_until(lambda: rig.appliance.pid_of(victim) not in (None, dead), 10), f"{victim} did not come back"
    return True


def play(folder, server, number):
    """(kills, {how launches ended: how many}) of one round."""
    moments, kills = random.Random(number), 0
    with Rig(folder, Docker, server, retry_delay="100ms") as rig:
        known = rig.repository({"Dockerfile": STUB})
        rig.launch(known)
        for victim in moments.sample(VICTIMS, A_ROUND):
            # Without a build, and with one and a question for the ref.
            for path in known, rig.repository({"Dockerfile": STUB}).rpartition("/")[0] + "/HEAD":
                rig.launch_behind(path)
            wait_until(lambda: False, WITHIN_S[victim] * moments.random() ** 1.5, 0.005)
            kills += kill(rig, victim)
        rig.ended_well()
        ends = [client.events[-1]["phase"] for client in rig.clients]
        why = [f"  failed: {client.events[-1]['message']}" for client in rig.clients
               if client.events[-1]["phase"] == "failed"]
        why += [f"  journal: {line}" for line in rig.appliance.journal().splitlines() if why and GIVEN_UP.search(line)]
    why += [f"  {line}" for line in rig.appliance.journal().splitlines() if "has active endpoints" in line]
    print("\n".join([f"round {number}: {kills} kills; {' '.join(ends)}", *why]), flush=True)
    return kills, {end: ends.count(end) for end in set(ends)}


def test_programs_die_at_random_moments(shared_folder, server):
    """Daemon, gateway or a fetch die while launches run | 24 kill -9 at random moments on the real engine (RB_KILLS=200
    for more), two of the daemon for each of the others | each launch ends in `ready` or one `failed`; rows and engine
    agree, each session has one container, everybody who was promised a server has one, nothing is left"""
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        rounds = [pool.submit(play, shared_folder / f"random-{n}", server, n) for n in range(-(-KILLS // A_ROUND))]
    for number, one in enumerate(rounds):  # all are over: a round that went wrong cuts no other
        if one.exception():
            print(f"round {number}: {one.exception()}")
    played = [one.result() for one in rounds]
    kills, ready = sum(one[0] for one in played), sum(one[1].get("ready", 0) for one in played)
    failed = sum(one[1].get("failed", 0) for one in played)
    print(f"{kills} kills, {ready} launches ended in ready, {failed} in one failed")
    assert ready > failed, "a launch that is cut goes on"
