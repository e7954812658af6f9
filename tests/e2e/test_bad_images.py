"""Images that make no session: each ends with its own sentence, in one `failed`, and leaves nothing behind."""
import time

import pytest
from e2e_fixtures import STUB
from ringbinder import engine
from ringbinder.launch import LaunchFailed, launch
from ringbinder.notebook import Session


def with_environment(**environment):
    return STUB + "".join(f"ENV {name}={value}\n" for name, value in environment.items())


# Of the base, whose entrypoint is none and whose Jupyter is not on this PATH.
NO_JUPYTER = "FROM ringbinder/debian:1\nENV PATH=/bin\nENTRYPOINT []\n"
# One binary and no shell: the command that a session is started with is not there.
NO_SHELL = STUB + "ENTRYPOINT []\n"
PRIVATE = ("FROM ringbinder/debian:1 AS made\nUSER root\nRUN install -m 600 /dev/null /private\n" +
           STUB + "USER root\nCOPY --from=made /private /private\nENV STUB_READ=/private\n")

# What the image does, what its Dockerfile is, its code, what the sentence says, how often it is tried.
IMAGES = [
    ("no-jupyter", NO_JUPYTER, "RB1651", "This image has no Jupyter: neither jupyter-lab nor jupyter-notebook", 1),
    ("no-shell", NO_SHELL, "RB1651", "cannot start a notebook server (exit code 127)", 1),
    ("of-root", PRIVATE, "RB1652", "User 1000, as whom every session runs here, may not use the image's files", 1),
    ("other-port", with_environment(STUB_PORT=9999), "RB1653", "it listens on port 9999, not on 8888", 1),
    ("loopback", with_environment(STUB_LOOPBACK=1), "RB1653", "listens on port 8888 of 127.0.0.1 alone", 1),
    ("other-server", with_environment(STUB_BASE="/other/"), "RB1654", "with status 404", 1),
    ("eats", with_environment(STUB_EAT=200 << 20), "RB1655", "more than the 100 MiB of memory", 1),
    ("silent", with_environment(STUB_DELAY_MS=60000), "RB1601", "nothing listens on port 8888 yet", 2),
    ("exits", with_environment(STUB_EXIT=3, STUB_SAY="boom"), "RB1602", "ended with code 3 while it was starting: boom",
     2),
]


@pytest.fixture(scope="module")
def impatient(shared_folder, server):
    from ringbinder.appliance import SHORT_DELAYS, Appliance

    settings = {**SHORT_DELAYS, "start_timeout": "3s", "retries": 2, "retry_delay": "10ms", "mem_limit": "100M",
                "mem_guarantee": "100M", "sweep": "300ms"}
    with Appliance(shared_folder / "impatient", [server.port], **settings) as one:
        yield one
        instance = one.instance()
    engine.remove_images(instance)


@pytest.mark.parametrize("name, dockerfile, code, sentence, attempts", IMAGES, ids=[image[0] for image in IMAGES])
def test_a_bad_image_has_its_own_sentence(impatient, server, name, dockerfile, code, sentence, attempts):
    server.repository(f"bad-{name}", {"Dockerfile": dockerfile})
    with pytest.raises(LaunchFailed) as refused:
        launch(impatient.portal, server.url(f"bad-{name}"))
    events = refused.value.args[1]
    failed = [event for event in events if event["phase"] == "failed"]
    assert len(failed) == 1 and failed[0]["status_code"] == 500, "contract 2.11"
    assert failed[0]["message"].startswith("Spawn failed: ") and sentence in failed[0]["message"]
    told = [event["message"] for event in events if event["phase"] == "launching"]
    assert sum(message.startswith("Spawn failed: ") for message in told) == attempts
    assert sum(message == "Launch attempt 1 failed, retrying...\n" for message in told) == attempts - 1
    assert code in impatient.journal()
    assert containers_gone(impatient)


def containers_gone(one, limit_s=20):
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        if engine.containers_left(one.instance()) == []:
            return True
        time.sleep(0.1)
    return False


def test_an_image_of_root_runs_as_user_1000_all_the_same(impatient, server):
    server.repository("root", {"Dockerfile": STUB + "USER root\n"})
    assert Session(launch(impatient.portal, server.url("root"))).json("api")["version"]
    running = engine.of_instance("containers", impatient.instance())[0]
    assert engine.ask("GET", f"/containers/{running['Id']}/json")[1]["Config"]["User"] == "1000:1000"


def test_a_server_that_ignores_sigterm_is_killed_after_its_grace(own_appliance, server):
    server.repository("stubborn", {"Dockerfile": with_environment(STUB_STUBBORN=1)})
    one = own_appliance(age_limit="2s", sweep="300ms")
    launch(one.portal, server.url("stubborn"))
    assert containers_gone(one), "2 s of grace, then it is killed"
    assert "RB1659" in one.journal()
