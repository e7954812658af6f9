"""What 100 MB each way cost in the gateway, and in haproxy."""
import subprocess
from contextlib import ExitStack

from proxies import OTHER_CPU, PATH, compare, compiled, cpu_ns, free_port, gateway, haproxy, process, result, wait_for

ROUNDS, TRANSFERS = 9, 5
BODY_BYTES = 100_000_000


def large_bodies(folder, quick=False):
    """CPU milliseconds for 100 MB to a session's server and 100 MB from it."""
    program = compiled(folder, "bodies")
    with ExitStack() as stack:
        # A connection at a time: each proxy has a server of its own, because both keep theirs open.
        behind = {name: free_port() for name in ("ours", "haproxy")}
        for port in behind.values():
            stack.enter_context(process([program, "serve", port]))
            wait_for(port)
        peer = free_port()
        theirs = stack.enter_context(haproxy(folder / "haproxy", peer, behind["haproxy"]))
        ours = stack.enter_context(gateway(folder / "gateway", behind["ours"], SESSION_BODY_MAX=BODY_BYTES))
        wait_for(peer)
        proxies = {"ours": (ours.process.pid, ours.sessions), "haproxy": (theirs.pid, peer)}

        def cost(name):
            pid, port = proxies[name]
            before = cpu_ns(pid)
            for way in ("down", "up") * TRANSFERS:
                subprocess.run(["taskset", "-c", str(OTHER_CPU), program, "load", str(port), PATH, way], check=True)
            return (cpu_ns(pid) - before) / TRANSFERS / 1e6

        costs = compare(2 if quick else ROUNDS, cost, list(proxies))
    return result(costs, "haproxy", 1.0, "ms of CPU")
