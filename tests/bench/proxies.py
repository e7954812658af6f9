"""The gateway, nginx and haproxy before one backend, each on a processor of its own (decisions 37)."""
import os
import re
import socket
import statistics
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

from ringbinder.appliance import free_port
from ringbinder.gateway import Gateway

HERE = Path(__file__).resolve().parent
PATH = "/user/bench/api/contents"
# The proxy has one core to itself, so that neither the load nor the backend runs on it.
CPUS = sorted(os.sched_getaffinity(0))
PROXY_CPU, OTHER_CPU = CPUS[0], CPUS[-1]
ON_PROXY_CPU = ("taskset", "-c", str(PROXY_CPU))

NGINX = """
worker_processes 1;
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log crit;
worker_rlimit_nofile 16384;
events {{ worker_connections 8192; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    {http}
}}
"""
# Answers of `bytes` bytes from memory; bodies of requests are read and dropped.
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
HAPROXY = """
global
    maxconn 4096
    nbthread 1
defaults
    mode http
    option splice-auto
    timeout connect 5s
    timeout client 600s
    timeout server 600s
    timeout tunnel 600s
frontend front
    bind 127.0.0.1:{port}
    default_backend behind
backend behind
    http-reuse always
    server one 127.0.0.1:{behind}
"""


def wait_for(port):
    for _ in range(2000):  # under an instrument a program takes seconds to start
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.01)
    raise RuntimeError(f"nothing listens on port {port}")


@contextmanager
def process(command, prefix=("taskset", "-c", str(OTHER_CPU))):
    child = subprocess.Popen([*prefix, *map(str, command)], stdin=subprocess.DEVNULL)
    try:
        yield child
    finally:
        child.terminate()
        child.wait()


@contextmanager
def nginx(folder, http, prefix=("taskset", "-c", str(OTHER_CPU))):
    folder.mkdir(parents=True)
    configuration = folder / "nginx.conf"
    configuration.write_text(NGINX.format(folder=folder, http=http))
    with process(["nginx", "-e", "stderr", "-c", configuration], prefix) as child:
        yield child


@contextmanager
def haproxy(folder, port, behind):
    folder.mkdir(parents=True)
    configuration = folder / "haproxy.cfg"
    configuration.write_text(HAPROXY.format(port=port, behind=behind))
    with process(["haproxy", "-db", "-q", "-f", configuration], ON_PROXY_CPU) as child:
        yield child


@contextmanager
def gateway(folder, behind, prefix=ON_PROXY_CPU, **settings):
    """Ours, with every limit on, one client's as wide as the load of one machine; `settings` as in wire/settings.def."""
    g = Gateway(folder, prefix=prefix)
    settings = {"CLIENT_RATE": 1_000_000, "CLIENT_BURST": 1_000_000} | settings
    try:
        for name, value in settings.items():
            g.set(name, value)
        g.open("bench", behind)
        yield g
    finally:
        g.stop()


@contextmanager
def backend(folder, answer_bytes):
    """The port of a server whose answers have so many bytes."""
    port = free_port()
    with nginx(folder, BACKEND.format(port=port, answer="x" * answer_bytes)):
        wait_for(port)
        yield port


def compiled(folder, name):
    """A program of this folder that plays clients or a server."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / name
    subprocess.run(["cc", "-O2", "-o", program, HERE / f"{name}.c"], check=True)
    return program


def cpu_ns(pid):
    """CPU time of a process, its threads' together: schedstat counts nanoseconds, stat only ticks of 10 ms."""
    return sum(int(path.read_text().split()[0]) for path in Path(f"/proc/{pid}/task").glob("*/schedstat"))


def quartiles(values):
    if len(values) < 2:
        return [values[0]] * 3
    return [round(q, 2) for q in statistics.quantiles(values, n=4)]


def compare(rounds, costs_of, names):
    """Alternating rounds of costs_of(name): {name: [a cost of each round]}."""
    costs = {name: [] for name in names}
    for number in range(rounds):
        for name in names if number % 2 else reversed(names):
            costs[name].append(costs_of(name))
    return costs


def result(costs, peer, bar, unit):
    """The median of the rounds' ratios: what else the machine does meets both sides of a round alike."""
    ours, theirs = costs["ours"], costs[peer]
    return {"ours": statistics.median(ours), "peer": statistics.median(theirs),
            "ratio": statistics.median(a / b for a, b in zip(ours, theirs)), "bar": bar, "unit": unit,
            "quartiles": {name: quartiles(values) for name, values in costs.items()},
            "note": f"{len(ours)} rounds; quartiles: ours {quartiles(ours)}, {peer} {quartiles(theirs)}"}


def wrk(port, seconds, connections):
    """How many requests were answered."""
    output = subprocess.run(
        ["taskset", "-c", str(OTHER_CPU), "wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s",
         f"http://127.0.0.1:{port}{PATH}"], check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in output or "Socket errors" in output:
        raise RuntimeError(output)
    return int(re.search(r"(\d+) requests in", output)[1])
