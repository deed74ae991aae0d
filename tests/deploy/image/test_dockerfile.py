"""What the Dockerfile promises can be read from it, and a linter has nothing against it."""

import re
import subprocess
import sysconfig
import tomllib
from pathlib import Path, PurePosixPath

import pytest

from deploy.settings_page import PROGRAMS
from tests.deploy.image.dockerfile import DOCKERFILE, IGNORED, ROOT, may_be_copied, pairs, rules_of, stages

BUILD, LAST = stages(DOCKERFILE.read_text())
RULES = rules_of(IGNORED.read_text())


def test_hadolint_finds_nothing() -> None:
    hadolint = Path(sysconfig.get_path("scripts")) / "hadolint"
    done = subprocess.run([hadolint, "--no-color", DOCKERFILE], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_base_is_an_argument_with_a_default_that_is_pinned() -> None:
    (base,) = re.findall(r"^ARG BASE=(\S+)$", DOCKERFILE.read_text(), re.MULTILINE)
    assert BUILD.base == LAST.base == "${BASE}"
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+", base)
    least = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"].removeprefix(">=3.")
    assert int(base.split(".")[1]) >= int(least)


def test_nothing_is_installed_but_what_is_locked_with_hashes_and_nothing_is_compiled() -> None:
    installs = [
        command
        for step in BUILD.steps
        if step.word == "RUN"
        for command in step.rest.split("&&")
        if " install " in command or " wheel " in command
    ]
    assert len(installs) == 4
    for command in installs:
        locked = "--require-hashes" in command and "--only-binary :all:" in command
        own = "--no-deps" in command and ("--no-index" in command or "--no-build-isolation" in command)
        assert locked or own, command


def test_the_last_stage_runs_nothing_and_is_nobody() -> None:
    assert not [step for step in LAST.steps if step.word in {"RUN", "HEALTHCHECK", "VOLUME", "EXPOSE"}]
    assert LAST.only("USER") == "10001:10001"
    assert LAST.steps[-1].word == "CMD"


def test_the_labels_are_those_that_are_agreed_on() -> None:
    labels = dict(pairs(LAST.only("LABEL")))
    prefix = "org.opencontainers.image."
    assert set(labels) == {prefix + name for name in ("title", "description", "licenses", "version", "revision")}
    assert labels[f"{prefix}licenses"] == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["license"]


def test_who_forgets_to_say_which_program_is_told_which_there_are() -> None:
    (names,) = re.findall(r"services\.<([a-z|]+)>", LAST.only("CMD"))
    assert names.split("|") == list(PROGRAMS)


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("services/cart/model.py", True),
        ("libs/omnithread-client/pyproject.toml", True),
        ("requirements/runtime.txt", True),
        ("requirements/dev.txt", False),
        ("deploy/channels.toml", True),
        ("deploy/local/keys.py", False),
        ("deploy/compose/secrets/cart/service.token", False),
        (".omnithread/keys/signing-key.pem", False),
        (".git/config", False),
        ("tests/conftest.py", False),
        ("services/cart/__pycache__/model.cpython-311.pyc", False),
    ],
)
def test_a_build_sees_what_it_needs_and_no_keys(path: str, *, allowed: bool) -> None:
    assert may_be_copied(PurePosixPath(path), RULES) is allowed
