"""Provider gh (contract 3.2, 2.4) against a GitHub on loopback: git for names, the API for short commits."""
import sys
import time
from pathlib import Path

import pytest
from e2e_fixtures import STUB
from ringbinder.fetch import Fetch
from ringbinder.launch import events_of
from ringbinder.repository import Repository, git

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "fake"))
from github import GitHub  # noqa: E402

SPEC_MALFORMED, ASK_FAILED, ASK_RATE, ASK_OFF, RESOLVE_FAILED, GONE = 1300, 1301, 1302, 1303, 1330, 1332
NO_REF = "Could not resolve ref for gh:{}. Double check your URL and that your repo is public."
TIP = " Tip: HEAD will always resolve to a repository's default branch."


@pytest.fixture
def github(tmp_path):
    with GitHub(tmp_path / "github") as running:
        yield running


@pytest.fixture
def repository(github):
    """lab/data with a tag, an annotated tag, branches whose names are like others', and a second commit."""
    one = Repository(github.folder / "lab" / "data", {"Dockerfile": STUB})
    git(one.folder, "tag", "v1")
    git(one.folder, "tag", "-a", "-m", "v2", "v2")
    git(one.folder, "branch", "feature/main")
    git(one.folder, "branch", "both")
    one.first = one.head
    one.commit({"README": "second\n"})
    git(one.folder, "tag", "-a", "-m", "both", "both")
    git(one.folder, "update-ref", "refs/pull/1/head", one.first)
    return one


@pytest.fixture
def resolve(github, tmp_path):
    """resolve(spec, known=(etag, commit)) asks one ringbinder-fetch; it then has `asked` and `etag`."""
    def ask(spec, token="", api=None, known=("", "")):
        ask.count += 1
        with Fetch(tmp_path / f"fetch-{ask.count}") as one:
            answer = one.resolve(spec, "gh", (github.site, github.api if api is None else api, token), known)
        assert one.errors == ""
        ask.asked, ask.etag = getattr(one, "asked", None), getattr(one, "etag", None)
        return answer

    ask.count = 0
    return ask


# ---- git answers

def test_names_are_asked_of_git(resolve, github, repository):
    for ref, commit in {"HEAD": repository.head, "main": repository.head, "v1": repository.first,
                        "v2": repository.first, "feature/main": repository.first, "feature%2Fmain": repository.first,
                        "both": repository.first, "heads/main": repository.head, "tags/v2": repository.first,
                        "refs/heads/main": repository.head, "pull/1/head": repository.first,
                        repository.first: repository.first, repository.first.upper(): repository.first,
                        "2" * 40: "2" * 40}.items():
        assert resolve(f"lab/data/{ref}") == commit, ref
        assert resolve(f"lab/data.git/{ref}") == commit, ref
    assert github.asked == [], "the API was asked"


def test_what_is_not_there_is_no_error(resolve, github, repository):
    for spec in ("lab/data/develop", "lab/data/ain", "lab/data/m*n", "lab/data/main~1", "lab/nothing/main",
                 "lab/nothing/HEAD", "nobody/data/1234567", "lab/data/" + "f" * 41):
        assert resolve(spec) == "", spec
    assert github.asked == [], "the API was asked"


def test_a_server_that_is_away_is_an_error(tmp_path):
    with Fetch(tmp_path / "fetch") as one:
        code, text = one.resolve("lab/data/main", "gh", ("http://127.0.0.1:1", "", ""))
    assert code == RESOLVE_FAILED and text.startswith("Unable to run git ls-remote to get the `resolved_ref`: ")


def test_specs_that_name_no_repository(resolve):
    assert resolve("lab/data") == (SPEC_MALFORMED, 'Spec is not of the form "user/repo/ref", provided: "lab/data". '
                                                   'Did you mean "lab/data/HEAD"?')
    assert resolve("lab/..%2F..%2Fetc/main")[0] == SPEC_MALFORMED


# ---- the API answers

@pytest.mark.parametrize("token", ["", "s3cret"])
def test_a_short_commit_is_asked_of_the_api(resolve, github, repository, token):
    github.token = token or None
    short = repository.first[:7]
    assert resolve(f"lab/data/{short}", token=token) == repository.first
    (path, fields, status), = github.asked
    assert path == f"/repos/lab/data/commits/{short}" and status == 200
    assert fields["User-Agent"] == "BinderHub"
    assert fields.get("Authorization") == (f"token {token}" if token else None)
    assert resolve.asked and resolve.etag == f'W/"{repository.first}"'


def test_an_answer_that_is_known_costs_nothing(resolve, github, repository):
    github.remaining = 0
    known = (f'W/"{repository.first}"', repository.first)
    assert resolve(f"lab/data/{repository.first[:7]}", known=known) == repository.first
    assert github.asked[0][1]["If-None-Match"] == known[0] and github.asked[0][2] == 304
    assert resolve.etag == known[0]


def test_a_branch_that_looks_like_a_commit_is_a_branch(resolve, github, repository):
    git(repository.folder, "branch", "abcdef1", repository.first)
    assert resolve("lab/data/abcdef1") == repository.first and github.asked == []


def test_a_short_commit_that_is_not_there(resolve, github, repository):
    assert resolve("lab/data/0000000") == "" and github.asked[0][2] == 422
    assert resolve.asked and resolve.etag == ""


def test_the_limit_is_told_with_a_way_round_it(resolve, github, repository):
    github.remaining, github.reset = 0, 1500
    code, text = resolve(f"lab/data/{repository.first[:7]}")
    assert code == ASK_RATE
    assert text.startswith("GitHub rate limit exceeded. Try again in 25 minutes. ") or "in 30 minutes" in text
    assert "full commit" in text


def test_without_the_api_the_full_commit_is_asked_for(resolve, github, repository):
    code, text = resolve(f"lab/data/{repository.first[:7]}", api="")
    assert code == ASK_OFF and "full commit, all 40 digits" in text and github.asked == []


@pytest.mark.parametrize("fault", [(500, "Internal Server Error"), (403, "Forbidden"), (401, "Unauthorized")])
def test_what_else_is_wrong_at_the_api_is_told(resolve, github, repository, fault):
    github.fault = fault
    code, text = resolve(f"lab/data/{repository.first[:7]}")
    assert (code, text) == (ASK_FAILED, f"HTTP {fault[0]}: {fault[1]}")


def test_an_api_that_is_away_is_an_error(resolve, repository):
    code, text = resolve(f"lab/data/{repository.first[:7]}", api="http://127.0.0.1:1")
    assert code == ASK_FAILED and "127.0.0.1" in text


# ---- launches

@pytest.fixture
def gh_appliance(own_appliance, github):
    return own_appliance([github.port], github_url=f"{github.site}/", github_api_url=github.api, ref_retry_wait="300ms")


def events(appliance, spec):
    return events_of(appliance.portal, f"/build/gh/{spec}")


def test_a_short_commit_and_what_is_kept(gh_appliance, github, repository):
    short = repository.first[:7]
    *_, ready = events(gh_appliance, f"lab/data/{short}")
    assert ready["phase"] == "ready", ready
    assert ready["repo_url"] == f"{github.site}/lab/data"
    assert ready["binder_ref_url"] == f"{github.site}/lab/data/tree/{repository.first}"
    assert ready["binder_request"] == f"v2/gh/lab/data/{short}"
    assert ready["binder_persistent_request"] == f"v2/gh/lab/data/{repository.first}"
    assert "/i-lab-2ddata-" in ready["image"] and ready["image"].endswith(f":{repository.first}")
    github.remaining = 0
    assert events(gh_appliance, f"lab/data/{short}")[-1]["phase"] == "ready"
    assert [status for _, _, status in github.asked] == [200, 304]
    github.remaining = 10
    for _ in range(2):
        assert events(gh_appliance, "lab/data/0000000") == [
            {"phase": "failed", "message": NO_REF.format("lab/data/0000000") + "\n"}]
    assert [status for _, _, status in github.asked] == [200, 304, 422], "no such commit was asked twice"
    assert events(gh_appliance, f"lab/data/{'2' * 40}")[-1] == {
        "phase": "failed", "message": NO_REF.format(f"lab/data/{'2' * 40}") + "\n"}


def test_master_that_became_main(gh_appliance, repository):
    begin = time.monotonic()
    first, *_, ready = events(gh_appliance, "lab/data/master")
    assert first == {"phase": "waiting", "message": NO_REF.format("lab/data/master") +
                     ' GitHub has changed default branches from "master" to "main".' + TIP +
                     "\nTrying again with HEAD instead of master. Please update your links.\n"}
    assert time.monotonic() - begin >= 0.3
    assert ready["phase"] == "ready" and ready["binder_request"] == "v2/gh/lab/data/HEAD"
    assert ready["binder_persistent_request"] == f"v2/gh/lab/data/{repository.head}"


def test_a_repository_that_is_not_there(gh_appliance):
    assert events(gh_appliance, "lab/nothing/main") == [
        {"phase": "waiting", "message": NO_REF.format("lab/nothing/main") + TIP +
         "\nTrying again with HEAD instead of main. Please update your links.\n"},
        {"phase": "failed", "message": NO_REF.format("lab/nothing/main") + TIP + "\n"}]
    full = f"lab/nothing/{'2' * 40}"
    assert events(gh_appliance, full)[-1] == {"phase": "failed", "message": NO_REF.format(full) + "\n"}
    assert events(gh_appliance, "lab/nothing/HEAD") == [
        {"phase": "failed", "message": NO_REF.format("lab/nothing/HEAD") + "\n"}]


def test_the_limit_in_the_stream(gh_appliance, github, repository):
    github.remaining, github.reset = 0, 60
    (event,) = events(gh_appliance, f"lab/data/{repository.first[:7]}")
    assert event["phase"] == "failed"
    assert event["message"].startswith(f"Error resolving ref for gh:lab/data/{repository.first[:7]}: GitHub rate limit "
                                       "exceeded. Try again in 5 minutes. ")


def test_the_token_is_used_and_never_told(own_appliance, github, repository):
    github.token, github.remaining = "t0ken-of-github", 0
    one = own_appliance([github.port], github_url=github.site, github_api_url=github.api, github_token=github.token)
    assert events(one, f"lab/data/{repository.first[:7]}")[-1]["phase"] == "ready"
    assert github.token not in one.journal()
    assert events(one, "lab/data/main")[-1]["phase"] == "ready"
    assert len(github.asked) == 1
