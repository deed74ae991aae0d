"""What is in the image: the suite and its locked packages, and nothing that only developers need."""

import json
import re
import stat
import subprocess
import sysconfig
import tomllib
from pathlib import Path

import pytest

from deploy.settings_page import PROGRAMS
from tests.deploy.image.building import Image
from tests.deploy.image.confined import USER, run
from tests.deploy.image.dockerfile import ROOT

pytestmark = pytest.mark.timeout(2400)
NAME = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", re.MULTILINE)
ONLY_OF_DEVELOPERS = (
    "pytest",
    "aiosmtpd",
    "noida_db",
    "secantus",
    "typer",
    "rich",
    "pip",
    "hatchling",
    "grpc_tools",
    "uv",
)
"""As they are imported; the embedded servers among them."""


def locked(name: str) -> dict[str, str]:
    """Give what a file of requirements locks, by plain name."""
    text = (ROOT / f"requirements/{name}.txt").read_text()
    return {plain(package): version for package, version in NAME.findall(text)}


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_it_runs_as_nobody_in_a_file_system_where_nothing_can_be_written(image: Image) -> None:
    code = (
        "import os, errno, pathlib\n"
        "print(os.getuid(), os.getgid())\n"
        "for place in ('.', '/tmp', '/', os.path.dirname(os.__file__)):\n"
        "    try: (pathlib.Path(place) / 'written').write_text('x')\n"
        "    except OSError as refused: print(errno.errorcode[refused.errno])\n"
    )
    done = run(image, "-c", code)
    assert done.stdout.split() == [USER, USER, *["EROFS"] * 4], done.stderr


def test_nothing_that_only_developers_need_can_be_imported(image: Image) -> None:
    code = "import importlib.util as u, sys; print(*[n for n in sys.argv[1:] if u.find_spec(n)])"
    done = run(image, "-c", code, *ONLY_OF_DEVELOPERS, "deploy.local", "deploy.demo", "tests", "protos")
    assert (done.stdout.strip(), done.stderr) == ("", "")


def test_exactly_what_is_locked_is_installed_and_the_client_package_beside_it(image: Image) -> None:
    code = "from importlib.metadata import distributions as d\nfor one in d(): print(one.metadata['Name'], one.version)"
    installed = {plain(name): version for name, version in map(str.split, run(image, "-c", code).stdout.splitlines())}
    client = tomllib.loads((ROOT / "libs/omnithread-client/pyproject.toml").read_text())["project"]["name"]
    assert installed.pop(client)
    runtime = locked("runtime")
    assert installed.items() <= runtime.items()
    assert not installed.keys() & (locked("dev").keys() - runtime.keys())


def test_every_module_of_the_suite_is_compiled_already_and_none_is_there_twice(image: Image) -> None:
    sources = list(image.workdir.rglob("*.py"))
    assert len(sources) > 300
    assert [path for path in sources if not list((path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"))] == []
    assert {path.name for path in image.workdir.iterdir()} == {"LICENSE", "deploy", "libs", "services"}
    assert not (image.workdir / "libs/omnithread-client").exists()
    assert [path for path in (image.workdir / "deploy").iterdir() if path.suffix != ".toml"] == []


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_program_is_there_and_says_which_settings_it_lacks(image: Image, name: str) -> None:
    done = run(image, "-m", f"services.{name}", environment={"OMNITHREAD_DRAIN_SECONDS": "-1"})
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"{name}: settings: drain_seconds:")


def test_the_list_of_what_is_in_it_names_every_package_with_its_licence(image: Image, tmp_path: Path) -> None:
    listed = tmp_path / "sbom.json"
    program = Path(sysconfig.get_path("scripts")) / "cyclonedx-py"
    subprocess.run(
        [program, "environment", "--output-reproducible", "--output-file", listed, image.python],
        check=True,
        capture_output=True,
        timeout=600,
    )
    components = {plain(one["name"]): one for one in json.loads(listed.read_text())["components"]}
    code = "from importlib.metadata import distributions as d\nfor one in d(): print(one.metadata['Name'])"
    assert components.keys() == {plain(name) for name in run(image, "-c", code).stdout.split()}
    assert [name for name, one in components.items() if not one.get("licenses")] in ([], ["protobuf"])  # it tells none
    assert "cyclonedx-py environment" in (ROOT / "Makefile").read_text()


def test_the_secrets_for_compose_can_be_made_by_it(image: Image, tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    done = subprocess.run(
        [image.python, "-m", "deploy.compose.secrets", folder],
        cwd=ROOT,
        env=dict(image.environment),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    token = folder / "programs/cart/service.token"
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
