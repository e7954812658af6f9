"""Programs killed with -9 at random moments, on the machine's engine. RB_KILLS=200 for many; the seed is the round's."""
import os
import random
import signal
from concurrent.futures import ThreadPoolExecutor

from kill_rig import STUB, Docker, Rig
from oracles import wait_until

KILLS = int(os.environ.get("RB_KILLS", "24"))
A_ROUND = 4  # kills of one appliance: `up` waits 1 s, then 2 s, then 4 s before it starts the same program again
AT_A_TIME = 2
WITHIN_S = 2.5  # of two launches' beginning: as long as they take on a busy machine; sooner is likelier
VICTIMS = ("ringbinderd", "ringbinderd", "ringbinder-gateway", "fetch")


def kill(rig, victim):
    """Whether there was one; the next one is there when this returns."""
    if victim == "fetch":
        alive = rig.fetch_pids()
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
            wait_until(lambda: False, WITHIN_S * moments.random() ** 1.5, 0.005)
            kills += kill(rig, victim)
        rig.ended_well()
        ends = [client.events[-1]["phase"] for client in rig.clients]
    print(f"round {number}: {kills} kills; {' '.join(ends)}", flush=True)
    return kills, {end: ends.count(end) for end in set(ends)}


def test_programs_die_at_random_moments(shared_folder, server):
    """Daemon, gateway or a fetch die while launches run | 24 kill -9 at random moments on the real engine (RB_KILLS=200
    for more), two of the daemon for each of the others | each launch ends in `ready` or one `failed`; rows and engine
    agree, each session has one container, everybody who was promised a server has one, nothing is left"""
    rounds = -(-KILLS // A_ROUND)
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        played = list(pool.map(lambda n: play(shared_folder / f"random-{n}", server, n), range(rounds)))
    kills, ready = sum(one[0] for one in played), sum(one[1].get("ready", 0) for one in played)
    failed = sum(one[1].get("failed", 0) for one in played)
    print(f"{kills} kills, {ready} launches ended in ready, {failed} in one failed")
    assert ready > failed, "a launch that is cut goes on"
