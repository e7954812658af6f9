"""Submodules arrive as files: what .gitmodules names, below what it names, within the limits of the whole."""
import json

import pytest

from ringbinder.fetch import content, members, unpack
from ringbinder.repository import git

TOO_LARGE, GONE, FAILED, ADDRESS, MODULE = 1005, 1332, 1331, 1334, 1339
ENVIRONMENT = {"requirements.txt": "numpy\n"}


def add_module(super_, path, commit, url, name=None, more=""):
    """What `git submodule add` leaves, whatever the address."""
    before = super_.folder / ".gitmodules"
    text = before.read_text() if before.exists() else ""
    before.write_text(f'{text}[submodule "{name or path}"]\n\tpath = {path}\n\turl = {url}\n{more}')
    (super_.folder / path).mkdir(parents=True)  # an empty one is a submodule that was not asked for; git keeps it
    git(super_.folder, "add", ".gitmodules")
    git(super_.folder, "update-index", "--add", "--cacheinfo", f"160000,{commit},{path}")
    git(super_.folder, "commit", "-q", "-m", "module")
    super_.head = git(super_.folder, "rev-parse", "HEAD")


@pytest.fixture
def tree_of(start, server):
    """{path: member} of what a repository's last image is built from, and the log's lines."""
    def one(name, head, **settings):
        fetched = start()
        plan = fetched.open(server.url(name), head, "main", **settings)
        assert isinstance(plan, dict), plan
        tree = members(content(fetched, plan))
        at = next(name for name in tree if name.endswith("requirements.txt"))[:-len("requirements.txt")]
        return {name[len(at):]: member for name, member in tree.items() if name.startswith(at)}, fetched.lines
    return one


def test_submodules_and_theirs_arrive_as_files(tree_of, server):
    inner = server.repository("inner", {"deep.txt": "deep", "-odd": "x"})
    middle = server.repository("middle", {"run.sh": "#!/bin/sh\n"})
    add_module(middle, "in/ner", inner.head, "../../inner/.git")
    outer = server.repository("outer", ENVIRONMENT)
    first = git(middle.folder, "rev-parse", "HEAD")
    middle.commit({"later.txt": "not of that commit"})
    add_module(outer, "part", first, server.url("middle"), name="another name")
    outer.commit({"part-beside.txt": "beside"})
    tree, lines = tree_of("outer", outer.head)
    assert tree["part/run.sh"].isreg() and tree["part/in/ner/deep.txt"].size == 4 and "part/in/ner/-odd" in tree
    assert "part/later.txt" not in tree and "part-beside.txt" in tree
    assert not any(name.endswith(".git") and name != ".git" for name in tree)
    assert any(f"Fetching {server.url('inner')} at {inner.head}" in line for line in lines)
    assert list(tree) == sorted(tree)


def test_the_work_tree_is_clean_for_git(start, server, tmp_path):
    part = server.repository("clean-part", {"a": "1"})
    outer = server.repository("clean", ENVIRONMENT)
    add_module(outer, "part", part.head, server.url("clean-part"))
    fetched = start()
    plan = fetched.open(server.url("clean"), outer.head, "main")
    work = next(unpack(content(fetched, plan), tmp_path / "work").rglob(".git")).parent
    assert git(work, "status", "--porcelain", "--untracked-files=no") == ""
    assert (work / "part" / "a").read_text() == "1"


def test_configuration_in_a_submodule_counts(start, server):
    part = server.repository("binder-part", ENVIRONMENT)
    outer = server.repository("with-binder-part", {"README": "x"})
    add_module(outer, "binder", part.head, server.url("binder-part"))
    plan = start().open(server.url("with-binder-part"), outer.head, "main")
    assert "binder/requirements.txt" in plan["why"]


def test_what_nobody_names_is_an_empty_folder_and_a_line_says_so(tree_of, server):
    outer = server.repository("nameless", ENVIRONMENT)
    git(outer.folder, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},part")
    git(outer.folder, "commit", "-q", "-m", "module")
    add_module(outer, "other", "2" * 40, server.url("nameless"), more="\tupdate = none\n")
    tree, lines = tree_of("nameless", outer.head)
    assert tree["part"].isdir() and tree["other"].isdir()
    assert sum("is left out" in line for line in lines) == 2


@pytest.mark.parametrize("url, commit, code, words", [
    ("git://127.0.0.1:1/r", "1" * 40, FAILED, "submodule part: git fetch: "),
    ("{server}", "1" * 40, GONE, "submodule part: there is no commit 1111"),
    ("ssh://git@example.org/r", "1" * 40, ADDRESS, "submodule part: ssh://git@example.org/r: ssh is not possible here"),
    ("git@example.org:r", "1" * 40, ADDRESS, "only https, http and git addresses are fetched"),
    ("file:///etc", "1" * 40, ADDRESS, "only https, http and git"),
    ("--upload-pack=id", "1" * 40, ADDRESS, "only https, http and git"),
    ("../../../../../../x", "1" * 40, MODULE, "leads nowhere"),
])
def test_one_that_cannot_be_fetched_is_told_by_its_path(start, server, url, commit, code, words):
    name = f"broken-{abs(hash((url, commit)))}"
    outer = server.repository(name, ENVIRONMENT)
    add_module(outer, "part", commit, url.format(server=server.url(name)))
    got = start().open(server.url(name), outer.head, "main")
    assert got[0] == code and words in got[1], got


def test_a_file_that_is_no_configuration(start, server):
    outer = server.repository("odd-modules", ENVIRONMENT)
    add_module(outer, "part", "1" * 40, "x")
    outer.commit({".gitmodules": "[submodule\nno"})
    code, text = start().open(server.url("odd-modules"), outer.head, "main")
    assert code == MODULE and text.startswith(".gitmodules: ") and "bad config" in text


def test_many_are_too_many(start, server):
    part = server.repository("many-part", {"a": "1"})
    outer = server.repository("many", ENVIRONMENT)
    text = "".join(f'[submodule "m{i}"]\n\tpath = m{i}\n\turl = {server.url("many-part")}\n' for i in range(65))
    for i in range(65):
        git(outer.folder, "update-index", "--add", "--cacheinfo", f"160000,{part.head},m{i}")
    (outer.folder / ".gitmodules").write_text(text)
    git(outer.folder, "add", ".gitmodules")
    git(outer.folder, "commit", "-q", "-m", "many")
    code, text = start().open(server.url("many"), git(outer.folder, "rev-parse", "HEAD"), "main")
    assert code == MODULE and "more than 64 submodules" in text


def test_the_size_limit_is_on_all_together(start, server):
    part = server.repository("large-part", {"data": json.dumps(list(range(60000)))})
    outer = server.repository("large-outer", {**ENVIRONMENT, "data": json.dumps(list(range(60000)))})
    add_module(outer, "part", part.head, server.url("large-part"))
    assert start().open(server.url("large-outer"), outer.head, "main", size_max=2 << 20)["lane"] == 1
    code, text = start().open(server.url("large-outer"), outer.head, "main", size_max=600000)
    assert code == TOO_LARGE and "the limit is 600000" in text
