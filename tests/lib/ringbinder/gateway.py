"""The gateway program alone: its sockets are made here, and this process is its daemon."""
import os
import select
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

BUILD = Path(os.environ.get("RB_BUILD") or Path(__file__).resolve().parents[3] / "build")
PROGRAM = BUILD / "ringbinder-gateway"

# wire/wire.h
VERSION = 2
HELLO, SETTING, ROUTE, SYNCED, WAKE, ACTIVITY, UNREACHABLE, TEXT, PROXIES = range(1, 10)
PORTAL_URL = 1
OPEN, HELD, CLOSED, FORGOTTEN = range(1, 5)
NONE = 0xffffffff

# Hands the descriptors over and becomes the gateway, or what runs it (sd_listen_fds(3): LISTEN_PID is the process itself).
HAND_OVER = """
import os, sys
count, program = int(sys.argv[1]), sys.argv[3:]
os.environ.update(LISTEN_FDS=str(count), LISTEN_FDNAMES=sys.argv[2], LISTEN_PID=str(os.getpid()))
os.execvp(program[0], program)
"""


def setting_number(name):
    """The number of a setting in wire/settings.def."""
    text = (Path(__file__).resolve().parents[3] / "appliance/wire/settings.def").read_text()
    return int(text.split(f"SETTING({name}, ")[1].split(",")[0])


def name_bytes(name):
    return bytes([len(name)]) + name.encode()


def address_bytes(address):
    return socket.inet_pton(socket.AF_INET6, address if ":" in address else "::ffff:" + address)


def listen_at(path):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen(64)
    return listener


class Gateway:
    """A running ringbinder-gateway in `folder`; `portal`, `sessions` are its ports, `door` its socket's path."""

    def __init__(self, folder, daemon=True, prefix=(), unix_portal=False):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.portal_path, self.door = self.folder / "portal.sock", self.folder / "door.sock"
        self.control_path = self.folder / "control.sock"
        sockets = [socket.create_server(("127.0.0.1", 0), backlog=511) for _ in range(2)]
        sockets.append(listen_at(self.door))
        self.portal, self.sessions = (s.getsockname()[1] for s in sockets[:2])
        if unix_portal:
            self.portal = self.folder / "front.sock"
            sockets[0].close()
            sockets[0] = listen_at(self.portal)
        self.log = open(self.folder / "gateway.log", "w+")
        self.listener = self.control = None
        if daemon:
            self.listen()
        self.process = self.spawn(sockets, prefix)
        for s in sockets:
            s.close()
        if daemon:
            self.greet()

    def spawn(self, sockets, prefix):
        # As 3, 4 and 5: the copies are made in the child, from numbers that lie above these.
        high = [os.dup(s.fileno()) for s in sockets for _ in range(1)]
        while min(high) <= 5:
            high = [os.dup(fd) for fd in high]

        def place():
            for at, fd in enumerate(high):
                os.dup2(fd, 3 + at)

        process = subprocess.Popen(
            [sys.executable, "-c", HAND_OVER, "3", "portal:sessions:door", *prefix, str(PROGRAM), "--control",
             str(self.control_path), "--portal", str(self.portal_path)],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, preexec_fn=place, close_fds=False)
        for fd in high:
            os.close(fd)
        return process

    # The daemon's part.

    def listen(self):
        self.control_path.unlink(missing_ok=True)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind(str(self.control_path))
        self.listener.listen(4)

    def greet(self, synced=True, version=VERSION):
        """Accepts the gateway and says hello; what it heard first."""
        self.listener.settimeout(20)
        self.control, _ = self.listener.accept()
        self.control.settimeout(5)
        heard = self.control.recv(1024)
        self.version = version
        self.say(struct.pack(">BI", HELLO, version))
        if synced:
            self.say(bytes([SYNCED]))
        return heard

    def leave(self):
        """The daemon is away."""
        self.control.close()
        self.listener.close()
        self.control_path.unlink()

    def say(self, packet):
        self.control.send(packet)

    def set(self, name, value):
        self.say(struct.pack(">BHq", SETTING, setting_number(name), value))

    def text(self, number, value):
        self.say(struct.pack(">BHH", TEXT, number, len(value)) + value.encode())

    def trust(self, *networks, unix=False):
        """Whose word about clients is believed: "10.0.0.0/8", "::1/128"; replaces who was believed before."""
        packet = bytes([PROXIES, unix, len(networks)])
        for network in networks:
            address, bits = network.split("/")
            packed = address_bytes(address)
            packet += packed + bytes([int(bits) + (0 if ":" in address else 96)])
        self.say(packet)
        self.settle()

    def open(self, name, port, address="127.0.0.1"):
        packed = address_bytes(address)
        self.say(bytes([ROUTE]) + name_bytes(name) + bytes([OPEN]) + packed + struct.pack(">H", port))
        self.settle()

    def hold(self, name):
        self.say(bytes([ROUTE]) + name_bytes(name) + bytes([HELD]))
        self.settle()

    def close(self, name, code, settle=True, ended=0, again="", why=""):
        packet = bytes([ROUTE]) + name_bytes(name) + bytes([CLOSED]) + struct.pack(">I", code)
        if self.version > 1:
            packet += struct.pack(">qH", ended, len(again)) + again.encode()
            packet += struct.pack(">H", len(why.encode())) + why.encode()
        self.say(packet)
        if settle:
            self.settle()

    def forget(self, name):
        self.say(bytes([ROUTE]) + name_bytes(name) + bytes([FORGOTTEN]))
        self.settle()

    def settle(self):
        """Until the gateway has read what was said: its queue is empty."""
        for _ in range(500):
            if outstanding(self.control) == 0:
                break
            time.sleep(0.002)
        # It has been read; a request tells that it has been done.
        raw(self.sessions, b"HEAD /hub/api/health HTTP/1.0\r\n\r\n")

    def hear(self, timeout_s=2.0):
        """The next message of the gateway, (kind, name, rest), or None."""
        if not select.select([self.control], [], [], timeout_s)[0]:
            return None
        packet = self.control.recv(1024)
        if not packet:
            return None
        length = packet[1]
        return packet[0], packet[2:2 + length].decode(), packet[2 + length:]

    # About the process.

    def pss_kib(self):
        text = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text()
        return int(text.split("Pss:")[1].split()[0])

    def cpu_s(self):
        return cpu_s(self.process.pid)

    def stop(self):
        """Ends it; True when it ended as it should."""
        self.process.terminate()
        try:
            code = self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        for s in (self.control, self.listener):
            if s:
                s.close()
        self.log.close()
        return code == 0

    def journal(self):
        return (self.folder / "gateway.log").read_text()


def cpu_s(pid):
    """User and system time of a process, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def outstanding(connection):
    """Bytes that the other end of a unix socket has not read yet."""
    import fcntl
    import termios
    return struct.unpack("i", fcntl.ioctl(connection, termios.TIOCOUTQ, b"\0" * 4))[0]


def connect(where):
    if isinstance(where, int):
        return socket.create_connection(("127.0.0.1", where), timeout=10)
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(10)
    connection.connect(str(where))
    return connection


def read_all(connection):
    parts = []
    while True:
        try:
            part = connection.recv(65536)
        except ConnectionResetError:
            break
        if not part:
            break
        parts.append(part)
    return b"".join(parts)


def raw(where, request):
    """What comes back for bytes, until the connection is closed."""
    with connect(where) as connection:
        connection.sendall(request)
        return read_all(connection)
