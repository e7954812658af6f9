"""Git LFS: what arrives is content, from a server that speaks the batch API."""
import io
import os
import sys
import tarfile
from pathlib import Path

import pytest
from e2e_fixtures import STUB
from ringbinder.fetch import content
from ringbinder.launch import LaunchFailed, launch
from ringbinder.repository import git

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "fake"))
from lfs import Lfs, pointer  # noqa: E402

TOO_LARGE, LFS = 1005, 1340


@pytest.fixture
def lfs():
    with Lfs() as server:
        yield server


@pytest.fixture
def files_of(start, server):
    """{path: (bytes, mode)} of what a repository's last image is built from."""
    def one(name, head, **settings):
        fetched = start()
        plan = fetched.open(server.url(name), head, "main", **settings)
        assert isinstance(plan, dict), plan
        with tarfile.open(fileobj=io.BytesIO(content(fetched, plan))) as tar:
            files = {m.name: (tar.extractfile(m).read(), m.mode) for m in tar if m.isreg()}
        at = min((name for name in files if name.endswith("requirements.txt")), key=len)[:-len("requirements.txt")]
        return {name[len(at):]: file for name, file in files.items() if name.startswith(at)}
    return one


def test_content_arrives_as_content(files_of, server, lfs):
    small, large = b"hello\n", os.urandom(9 << 20)
    one = server.repository("lfs", lfs.files({
        "a.bin": lfs.add(small), "deep/er/large.bin": lfs.add(large), "twice.bin": lfs.add(small),
        "own/.gitattributes": "data filter=lfs\n", "own/data": lfs.add(b"by a rule of its own folder"),
        "example.txt": pointer(b"what a page on Git LFS shows"), "no/x.bin": "no pointer at all",
        "not/.gitattributes": "*.bin -filter\n", "not/y.bin": pointer(b"left alone")}))
    one.commit({"run.bin": lfs.add(b"#!/bin/sh\n")}, executable=("run.bin",))
    files = files_of("lfs", one.head)
    assert files["a.bin"] == files["twice.bin"] == (small, 0o644) and files["deep/er/large.bin"][0] == large
    assert files["own/data"][0] == b"by a rule of its own folder" and files["run.bin"] == (b"#!/bin/sh\n", 0o755)
    assert files["example.txt"][0].startswith(b"version https://git-lfs") and files["no/x.bin"][0].startswith(b"no po")
    assert files["not/y.bin"][0].startswith(b"version https://git-lfs")
    assert not any("lfs/objects" in name for name in files)


def test_a_repository_without_rules_asks_nobody(files_of, server, lfs):
    one = server.repository("no-lfs", {**lfs.files({"a.bin": lfs.add(b"x")}), ".gitattributes": "* text=auto\n"})
    assert files_of("no-lfs", one.head)["a.bin"][0].startswith(b"version")
    assert lfs.asked == []


def test_a_submodule_has_its_own(files_of, server, lfs):
    part = server.repository("lfs-part", lfs.files({"a.bin": lfs.add(b"of the part")}))
    outer = server.repository("lfs-outer", {"requirements.txt": "numpy\n"})
    (outer.folder / ".gitmodules").write_text('[submodule "p"]\n\tpath = p\n\turl = ../../lfs-part/.git\n')
    git(outer.folder, "update-index", "--add", "--cacheinfo", f"160000,{part.head},p")
    git(outer.folder, "add", ".gitmodules")
    git(outer.folder, "commit", "-q", "-m", "module")
    assert files_of("lfs-outer", git(outer.folder, "rev-parse", "HEAD"))["p/a.bin"][0] == b"of the part"


def test_a_configuration_file_under_lfs_is_read(start, server, lfs):
    one = server.repository("lfs-config", lfs.files({
        ".gitattributes": "apt.txt filter=lfs\n", "apt.txt": lfs.add(b"not-a-package;rm -rf /\n")}))
    code, text = start().open(server.url("lfs-config"), one.head, "main")
    assert code and "apt.txt" in text and "git-lfs" not in text


def test_what_the_server_has_not_is_told(start, server, lfs):
    one = server.repository("lfs-gone", lfs.files({"a.bin": pointer(b"never uploaded")}))
    code, text = start().open(server.url("lfs-gone"), one.head, "main")
    assert code == LFS and text.startswith("the content of a.bin (Git LFS): ") and "no such object" in text


def test_other_content_is_refused(start, server, lfs):
    one = server.repository("lfs-other", lfs.files({"a.bin": lfs.add(b"what was said")}))
    lfs.objects = {oid: b"something else" for oid in lfs.objects}
    assert start().open(server.url("lfs-other"), one.head, "main")[0] == LFS


def test_the_limit_is_known_before_anything_is_fetched(start, server, lfs):
    one = server.repository("lfs-large", lfs.files({"a.bin": lfs.add(b"x" * (3 << 20))}))
    code, text = start().open(server.url("lfs-large"), one.head, "main", size_max=2 << 20)
    assert code == TOO_LARGE and "the limit is 2097152" in text and lfs.asked == []


def test_a_server_that_sends_more_than_it_said_is_cut_off(start, server, lfs):
    one = server.repository("lfs-more", lfs.files({"a.bin": lfs.add(b"short")}))
    lfs.objects = {oid: b"x" * (60 << 20) for oid in lfs.objects}
    assert start().open(server.url("lfs-more"), one.head, "main", size_max=2 << 20)[0] in (LFS, TOO_LARGE)


@pytest.mark.parametrize("url", ["ssh://-oProxyCommand=touch${IFS}FILE/x", "file://FOLDER"])
def test_other_ways_to_content_are_closed(start, server, lfs, tmp_path, url):
    url = url.replace("FILE", str(tmp_path / "touched")).replace("FOLDER", str(server.folder / "lfs-ways"))
    one = server.repository(f"lfs-ways-{url[:4]}", lfs.files({
        "a.bin": lfs.add(b"x"), ".lfsconfig": f"[lfs]\n\turl = {url}\n\tsshtransfer = always\n"}))
    assert start().open(server.url(f"lfs-ways-{url[:4]}"), one.head, "main")[0] == LFS
    assert not (tmp_path / "touched").exists()


def test_a_launch_with_large_files(own_appliance, server, lfs):
    """Under the fetch user, in its cgroup, behind the rule on addresses: reached where it is allowed."""
    repository = server.repository("lfs-launch", {
        **lfs.files({"a.bin": lfs.add(b"large")}), "Dockerfile": STUB + "COPY a.bin /a.bin\n"})
    closed = own_appliance()
    with pytest.raises(LaunchFailed) as failure:
        launch(closed.portal, server.url("lfs-launch"), repository.head)
    assert "Git LFS" in failure.value.args[0] and lfs.asked == []
    open_ = own_appliance([lfs.port])
    assert launch(open_.portal, server.url("lfs-launch"), repository.head)["phase"] == "ready"
    assert lfs.asked
