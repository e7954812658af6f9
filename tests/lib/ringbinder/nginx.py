"""nginx as the reverse proxy that the gateway is compared with: one process, one backend, nothing kept or cached."""
import socket
import subprocess
import time
from pathlib import Path

from ringbinder.appliance import free_port

CONFIGURATION = """
worker_processes 1;
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log crit;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    # Limits as the gateway's, so that the two differ in what they understand and not in how much.
    client_max_body_size {body_max}; client_header_buffer_size 16k; large_client_header_buffers 4 16k;
    keepalive_requests 1000000; lingering_timeout 100ms;
    server {{
        listen {address} backlog=511;
        location / {{
            proxy_pass http://{behind};
            proxy_http_version 1.1; proxy_set_header Host $http_host; {fields}
            # Who has said all, and closes that half, still gets its answer.
            proxy_ignore_client_abort on;
        }}
    }}
}}
"""


PLAIN = 'proxy_set_header Connection "";'

# As a campus's web server in front of the gateway has it.
IN_FRONT = """
            proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $http_connection;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-Proto https;
            proxy_set_header X-Forwarded-Host $http_host; proxy_set_header X-Real-IP $remote_addr;
"""


class Nginx:
    """Listens at 127.0.0.1:`port` and passes all on to `behind`, "address:port" or "unix:path"."""

    def __init__(self, folder, behind, body_max=64000000, fields=PLAIN):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        configuration = self.folder / "nginx.conf"
        configuration.write_text(CONFIGURATION.format(folder=self.folder, address=f"127.0.0.1:{self.port}",
                                                      behind=behind, body_max=body_max,
                                                      fields=fields))
        self.log = open(self.folder / "nginx.log", "w")
        self.process = subprocess.Popen(["nginx", "-e", "stderr", "-c", configuration], stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=self.log)
        self.wait()

    def wait(self):
        for _ in range(500):
            if self.process.poll() is not None:
                break
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except ConnectionRefusedError:
                time.sleep(0.01)
        self.stop()
        raise RuntimeError(f"nginx does not listen: {(self.folder / 'nginx.log').read_text()}")

    def stop(self):
        self.process.terminate()
        self.process.wait(5)
        self.log.close()
