"""A base image is made with what this machine is configured with, and with no password of it."""
# SPDX-License-Identifier: BSD-3-Clause
import hashlib
import pathlib
import sys

import pytest

IMAGES = pathlib.Path(__file__).resolve().parents[2] / "images"
sys.path[:0] = [str(IMAGES), str(IMAGES / "debian-base")]

import machine  # noqa: E402 - no package: it stands beside its recipe
from engine import Failure, Trace  # noqa: E402


@pytest.fixture(autouse=True)
def bare(monkeypatch, tmp_path):
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST", "RB_DEBIAN_MIRROR",
                 "RB_DEBIAN_SECURITY_MIRROR", "RB_EXTRA_CA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


def test_pips_index_is_uvs_index(monkeypatch, tmp_path):
    (tmp_path / "pip.conf").write_text("[global]\nindex-url = https://index.example/simple\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    found = machine.pip_settings()
    assert found["PIP_INDEX_URL"] == found["UV_INDEX_URL"] == "https://index.example/simple"


def test_the_environment_decides_over_a_file(monkeypatch, tmp_path):
    (tmp_path / "pip.conf").write_text("[global]\nindex-url = https://index.example/simple\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    monkeypatch.setenv("PIP_INDEX_URL", "https://other.example/simple")
    assert machine.pip_settings()["UV_INDEX_URL"] == "https://other.example/simple"


@pytest.mark.parametrize("variable", ["PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"])
def test_an_index_with_a_password_is_refused(monkeypatch, variable):
    monkeypatch.setenv(variable, "https://user:secret@index.example/simple")
    with pytest.raises(Failure) as caught:
        machine.pip_settings()
    assert "secret" not in str(caught.value) and "PIP_INDEX_URL" in str(caught.value)


def test_a_mirror_with_a_password_is_refused(monkeypatch):
    monkeypatch.setenv("RB_DEBIAN_MIRROR", "http://user:secret@mirror.example/debian")
    with pytest.raises(Failure):
        machine.debian_mirrors()


def test_a_list_of_mirrors_is_read_for_its_first(tmp_path):
    (tmp_path / "debian.list").write_text("# nearest\n\nhttp://mirror.example/debian priority:1\nhttp://b.example/\n")
    assert machine.first_mirror(f"mirror+file:{tmp_path}/debian.list") == "http://mirror.example/debian"


def test_certificates_are_handed_in_only_where_the_machine_has_its_own(monkeypatch, tmp_path):
    bundle = tmp_path / "bundle.crt"
    bundle.write_text("all of them")
    monkeypatch.setattr(machine, "BUNDLE", str(bundle))
    monkeypatch.setattr(machine, "LOCAL_CERTIFICATES", str(tmp_path / "local"))
    assert machine.extra_ca() == (None, "")
    (tmp_path / "local").mkdir()
    assert machine.extra_ca() == (None, "")
    (tmp_path / "local/campus.crt").write_text("one")
    assert machine.extra_ca() == (str(bundle), hashlib.sha256(b"all of them").hexdigest())
    monkeypatch.setenv("RB_EXTRA_CA", "none")
    assert machine.extra_ca() == (None, "")


def test_a_bundle_that_cannot_be_read_is_a_sentence(monkeypatch):
    monkeypatch.setenv("RB_EXTRA_CA", "/nowhere/bundle.crt")
    with pytest.raises(Failure, match="RB_EXTRA_CA"):
        machine.extra_ca()


def test_pieces_of_a_line_become_one_line():
    trace = Trace(show=False)
    trace.output({1: b"step", 4: b"one\ntw"})
    trace.output({1: b"other", 4: b"between\n"})
    trace.output({1: b"step", 4: b"o\nrest"})
    assert trace.ending() == ["one", "between", "two", "rest"]
