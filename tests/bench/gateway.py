"""What a request and a WebSocket's round trip cost in the gateway, and in nginx (decisions 37)."""
import re
import signal
import socket
import subprocess
from contextlib import ExitStack

from proxies import (ON_PROXY_CPU, OTHER_CPU, PATH, PROXY, backend, compare, compiled, cpu_ns, free_port,
                     gateway, nginx, process, result, wait_for, wrk)

ROUNDS, SECONDS = 15, 5
CONNECTIONS, SOCKETS = 64, 32
COUNTED_CONNECTIONS = 16  # under callgrind
ANSWER_BYTES = 1000


def pair(stack, folder, behind, prefix=ON_PROXY_CPU):
    """Ours and nginx, both on: {name: (process id, port)}."""
    port = free_port()
    peer = stack.enter_context(nginx(folder / "proxy", PROXY.format(port=port, behind=behind), prefix))
    ours = stack.enter_context(gateway(folder / "gateway", behind, prefix))
    wait_for(port)
    return {"ours": (ours.process.pid, ours.sessions), "nginx": (peer.pid, port)}


def cpu_of(proxies, load, rounds):
    """Microseconds of CPU for each of what load(port, seconds) says it has done."""
    def cost(name):
        pid, port = proxies[name]
        before = cpu_ns(pid)
        done = load(port, SECONDS)
        return (cpu_ns(pid) - before) / done / 1000

    for _, port in proxies.values():
        load(port, 0.5)
    return compare(rounds, cost, list(proxies))


def gateway_cpu(folder, quick=False):
    """CPU time for each request, 64 connections that are kept, answers of 1 kB."""
    with ExitStack() as stack:
        proxies = pair(stack, folder, stack.enter_context(backend(folder / "backend", ANSWER_BYTES)))
        costs = cpu_of(proxies, lambda port, seconds: wrk(port, seconds, CONNECTIONS), 2 if quick else ROUNDS)
    return result(costs, "nginx", 1.05, "us/request")


def websocket_cpu(folder, quick=False):
    """CPU time for each round trip of 200 bytes, 32 WebSockets."""
    program = compiled(folder, "websocket")

    def load(port, seconds):
        command = ["taskset", "-c", str(OTHER_CPU), program, "load", port, PATH, SOCKETS, seconds]
        return int(subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True).stdout)

    with ExitStack() as stack:
        behind = free_port()
        stack.enter_context(process([program, "serve", behind]))
        wait_for(behind)
        costs = cpu_of(pair(stack, folder, behind), load, 2 if quick else ROUNDS)
    return result(costs, "nginx", 1.05, "us/round trip")


def system_calls(pid, load, report):
    """System calls of a process for each of what load() says it has done, and the list of them by strace."""
    tracer = subprocess.Popen(["strace", "-c", "-f", "-o", report, "-p", str(pid)], stderr=subprocess.PIPE, text=True)
    while "attached" not in tracer.stderr.readline():
        pass
    done = load()
    tracer.send_signal(signal.SIGINT)
    tracer.communicate()
    total = next(line for line in report.read_text().splitlines() if line.endswith(" total"))
    return int(total.split()[3]) / done  # % time, seconds, usecs/call, calls, and errors where there are any


def gateway_syscalls(folder, quick=False):
    """System calls for each request, 64 connections that are kept."""
    with ExitStack() as stack:
        proxies = pair(stack, folder, stack.enter_context(backend(folder / "backend", ANSWER_BYTES)))
        for _, port in proxies.values():
            wrk(port, 1, CONNECTIONS)

        def cost(name):
            pid, port = proxies[name]
            return system_calls(pid, lambda: wrk(port, 1 if quick else 4, CONNECTIONS), folder / f"{name}.strace")

        costs = compare(1 if quick else 3, cost, list(proxies))
    return result(costs, "nginx", 1.0, "system calls/request")


def ask(port, times):
    """So many requests on each of 16 connections, each connection's next one when all have been answered."""
    request = f"GET {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n".encode()
    connections = [socket.create_connection(("127.0.0.1", port)) for _ in range(COUNTED_CONNECTIONS)]
    for _ in range(times):
        for s in connections:
            s.sendall(request)
        for s in connections:
            answer = b""
            while len(answer.partition(b"\r\n\r\n")[2]) < ANSWER_BYTES:
                answer += s.recv(65536)
    for s in connections:
        s.close()


def instructions(folder, name, behind, times):
    """User instructions of a proxy's whole life in which each connection asks so many times, by callgrind."""
    place = folder / f"{name}-{times}"
    place.mkdir(parents=True)
    out = place / "callgrind.out"
    prefix = ("valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={out}")
    if name == "nginx":
        port = free_port()
        proxy = nginx(place / "proxy", PROXY.format(port=port, behind=behind), prefix)
    else:
        proxy = gateway(place / "gateway", behind, prefix)
    with proxy as running:
        port = port if name == "nginx" else running.sessions
        wait_for(port)
        ask(port, times)
    return int(re.search(r"^(?:summary|totals): (\d+)", out.read_text(), re.M)[1])


def gateway_instructions(folder, quick=False):
    """User instructions for each request: a long life's less a short one's."""
    few, many = (10, 40) if quick else (20, 320)
    costs = {}
    with ExitStack() as stack:
        behind = stack.enter_context(backend(folder / "backend", ANSWER_BYTES))
        for name in "ours", "nginx":
            less, more = (instructions(folder, name, behind, times) for times in (few, many))
            costs[name] = [(more - less) / (many - few) / COUNTED_CONNECTIONS]
    return result(costs, "nginx", 1.0, "instructions/request")
