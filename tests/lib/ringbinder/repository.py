"""Git repositories made on the spot and served over git:// on loopback."""
import os
import shutil
import subprocess
import time
import socket
from pathlib import Path

from .appliance import TOP, free_port

# The same author and dates each time, and no settings of this machine: the same files give the same commit.
GIT_ENVIRONMENT = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1",
                   "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_COMMITTER_NAME": "A",
                   "GIT_COMMITTER_EMAIL": "a@example.org", "GIT_AUTHOR_DATE": "2026-01-01T00:00:00Z",
                   "GIT_COMMITTER_DATE": "2026-01-01T00:00:00Z"}


def git(folder, *arguments):
    done = subprocess.run(["git", "-c", "init.defaultBranch=main", *map(str, arguments)], cwd=folder,
                          env=GIT_ENVIRONMENT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"git {' '.join(map(str, arguments))}: {done.stderr}")
    return done.stdout.strip()


class Repository:
    """A work tree; commit() changes files (None removes one) and gives the commit."""

    def __init__(self, folder, files=None):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True)
        git(self.folder, "init", "-q")
        self.head = self.commit(files) if files else None

    def commit(self, files, executable=()):
        for name, text in files.items():
            path = self.folder / name
            if text is None:
                path.unlink()
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
            path.chmod(0o755 if name in executable else 0o644)
        git(self.folder, "add", "-A")
        git(self.folder, "commit", "-q", "--allow-empty", "-m", "a change")
        self.head = git(self.folder, "rev-parse", "HEAD")
        return self.head


class GitServer:
    """git daemon on loopback over a folder of repositories."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.process = subprocess.Popen(
            ["git", "daemon", "--reuseaddr", "--export-all", "--listen=127.0.0.1", f"--port={self.port}",
             f"--base-path={self.folder}", str(self.folder)], env=GIT_ENVIRONMENT, stderr=subprocess.DEVNULL,
            start_new_session=True)
        self._wait()

    def _wait(self):
        for _ in range(250):
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        raise RuntimeError("git daemon does not listen")

    def repository(self, name, files=None):
        return Repository(self.folder / name, files)

    def example(self, name="hello"):
        """A repository with the files of examples/<name>."""
        source = TOP / "examples" / name
        repository = Repository(self.folder / name)
        for path in source.iterdir():
            shutil.copy(path, repository.folder / path.name)
        repository.commit({})
        return repository

    def url(self, name):
        return f"git://127.0.0.1:{self.port}/{name}/.git"

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
