"""The gateway beside nginx: CPU time a request, and a WebSocket round trip (decisions 37)."""
import os
import re
import socket
import statistics
import subprocess
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ringbinder.gateway import Gateway, cpu_s

HERE = Path(__file__).resolve().parent
ROUNDS, SECONDS = 15, 5
CONNECTIONS, SOCKETS = 64, 32
ANSWER_BYTES = 1000
PATH = "/user/bench/api/contents"
# The proxy has one core to itself, so that neither the load nor the backend runs on it.
CPUS = sorted(os.sched_getaffinity(0))
PROXY_CPU, OTHER_CPU = CPUS[0], CPUS[-1]

NGINX = """
worker_processes 1;
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log crit;
worker_rlimit_nofile 4096;
events {{ worker_connections 2048; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    {http}
}}
"""
BACKEND = """
    server {{ listen 127.0.0.1:{port}; location / {{ default_type text/plain; return 200 "{answer}"; }} }}
"""
# What an administrator writes for Jupyter: WebSockets pass, answers are not buffered, connections are kept.
PROXY = """
    map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
    upstream behind {{ server 127.0.0.1:{behind}; keepalive 64; keepalive_requests 1000000000; }}
    server {{
        listen 127.0.0.1:{port};
        client_max_body_size 64000000;
        location / {{
            proxy_pass http://behind; proxy_http_version 1.1; proxy_buffering off; proxy_read_timeout 600s;
            proxy_set_header Host $http_host; proxy_set_header X-Forwarded-Proto $scheme;
            proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;
        }}
    }}
"""


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


def wait_for(port):
    for _ in range(500):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.01)
    raise RuntimeError(f"nothing listens on port {port}")


@contextmanager
def process(command, cpu):
    child = subprocess.Popen(["taskset", "-c", str(cpu), *map(str, command)], stdin=subprocess.DEVNULL)
    try:
        yield child
    finally:
        child.terminate()
        child.wait()


@contextmanager
def nginx(folder, http, cpu):
    folder.mkdir(parents=True)
    configuration = folder / "nginx.conf"
    configuration.write_text(NGINX.format(folder=folder, http=http))
    with process(["nginx", "-e", "stderr", "-c", configuration], cpu) as child:
        yield child


@contextmanager
def gateway(folder, behind):
    g = Gateway(folder, prefix=["taskset", "-c", str(PROXY_CPU)])
    try:
        g.open("bench", behind)
        yield g
    finally:
        g.stop()


def one_round(pid, load):
    """Microseconds of the proxy's CPU for each of what `load()` says it has done."""
    before = cpu_s(pid)
    done = load()
    return (cpu_s(pid) - before) / done * 1e6


def compare(proxies, load, rounds):
    """Alternating rounds: {name: [microseconds of each]}."""
    costs = {name: [] for name in proxies}
    for name, (_, port) in proxies.items():
        load(port, 0.5)
    for number in range(rounds):
        order = list(proxies) if number % 2 else list(reversed(proxies))
        for name in order:
            pid, port = proxies[name]
            costs[name].append(one_round(pid, lambda port=port: load(port, SECONDS)))
    return costs


def quartiles(values):
    if len(values) < 2:
        return [values[0]] * 3
    return [round(q, 2) for q in statistics.quantiles(values, n=4)]


def result(costs, unit):
    ours, peer = (statistics.median(costs[name]) for name in ("ours", "nginx"))
    ratio = statistics.median(a / b for a, b in zip(costs["ours"], costs["nginx"]))
    return {"ours": ours, "peer": peer, "ratio": ratio, "bar": 1.2, "unit": unit,
            "quartiles": {name: quartiles(values) for name, values in costs.items()},
            "note": f"{len(costs['ours'])} rounds of {SECONDS} s; us: ours {quartiles(costs['ours'])}, "
                    f"nginx {quartiles(costs['nginx'])}"}


def proxies(stack, folder, behind):
    port = free_port()
    peer = stack.enter_context(nginx(folder / "proxy", PROXY.format(port=port, behind=behind), PROXY_CPU))
    ours = stack.enter_context(gateway(folder / "gateway", behind))
    wait_for(port)
    return {"ours": (ours.process.pid, ours.sessions), "nginx": (peer.pid, port)}


def wrk(port, seconds):
    output = subprocess.run(
        ["taskset", "-c", str(OTHER_CPU), "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{max(1, round(seconds))}s",
         f"http://127.0.0.1:{port}{PATH}"], check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in output or "Socket errors" in output:
        raise RuntimeError(output)
    return int(re.search(r"(\d+) requests in", output)[1])


def gateway_cpu(folder, quick=False):
    with ExitStack() as stack:
        behind = free_port()
        stack.enter_context(nginx(folder / "backend", BACKEND.format(port=behind, answer="x" * ANSWER_BYTES),
                                  OTHER_CPU))
        wait_for(behind)
        costs = compare(proxies(stack, folder, behind), wrk, 2 if quick else ROUNDS)
    return result(costs, "us/request")


def websocket_cpu(folder, quick=False):
    folder.mkdir(parents=True)
    program = folder / "websocket"
    subprocess.run(["cc", "-O2", "-o", program, HERE / "websocket.c"], check=True)

    def load(port, seconds):
        command = ["taskset", "-c", str(OTHER_CPU), program, "load", port, PATH, SOCKETS, seconds]
        return int(subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True).stdout)

    with ExitStack() as stack:
        behind = free_port()
        stack.enter_context(process([program, "serve", behind], OTHER_CPU))
        wait_for(behind)
        costs = compare(proxies(stack, folder, behind), load, 2 if quick else ROUNDS)
    return result(costs, "us/round trip")
