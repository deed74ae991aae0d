"""The client package as a channel's team gets it: a wheel, installed where there is nothing else of ours."""

import asyncio
import zipfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

import omnithread
from services.profile.service import SERVICE as PROFILE
from tests.release.empty_environment import Installed, build_and_install
from tests.services.running import Services

pytestmark = pytest.mark.timeout(1800)
CALL_LIMIT_SECONDS = 240
DECLARED = {"omnithread", "googleapis-common-protos", "grpcio", "grpcio-status", "opentelemetry-api", "protobuf"}
EVERY_MODULE = """
import importlib, pkgutil, omnithread, buf
names = []
for package in (omnithread, buf):
    names += [one.name for one in pkgutil.walk_packages(package.__path__, package.__name__ + ".")]
for name in names: importlib.import_module(name)
print(len(names), omnithread.__file__)
"""
A_CALL = """
import asyncio, pathlib, sys
import grpc, omnithread
from omnithread.profile.v1.profile_service_pb2 import GetProfileRequest

async def main():
    address, token, authorities = sys.argv[1:]
    trusted = pathlib.Path(authorities).read_bytes()
    addresses = omnithread.Addresses(**{name: address for name in omnithread.SERVICES})
    async with omnithread.connect(addresses, token=token, root_certificates=trusted, timeout_seconds=60) as suite:
        try:
            await suite.profile.GetProfile(GetProfileRequest(identifier=omnithread.cookie("nobody-here")))
        except grpc.RpcError as error:
            told = omnithread.details_of(error)
            print(told.code.name, told.reason)

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return build_and_install(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
async def services(
    mongo_uri: str, kafka_bootstrap: str, new_prefix: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Services]:
    async with Services(
        mongo_uri=mongo_uri,
        kafka_bootstrap=kafka_bootstrap,
        prefix=new_prefix(),
        state=tmp_path_factory.mktemp("profile"),
        encrypted=True,
    ) as services:
        await services.start(PROFILE)
        yield services


def test_the_wheel_has_types_and_stubs_and_nothing_of_the_services(installed: Installed) -> None:
    assert installed.wheel.name == f"omnithread-{omnithread.__version__}-py3-none-any.whl"
    names = zipfile.ZipFile(installed.wheel).namelist()
    assert {"omnithread/py.typed", "omnithread/cart/v1/cart_service_pb2.pyi"} <= set(names)
    assert {name.split("/")[0] for name in names} == {
        "omnithread",
        "buf",
        f"omnithread-{omnithread.__version__}.dist-info",
    }


def test_what_it_declares_is_enough_to_import_all_of_it(installed: Installed) -> None:
    count, place = installed.run(EVERY_MODULE).split()
    assert int(count) > 100
    assert Path(place).is_relative_to(installed.python.parents[1])


def test_it_brings_little_with_it(installed: Installed) -> None:
    listed = "from importlib.metadata import distributions as d; print(*[one.metadata['Name'] for one in d()])"
    brought = {name.lower().replace("_", "-") for name in installed.run(listed).split()}
    assert brought >= DECLARED
    assert len(brought) <= len(DECLARED) + 5
    assert not brought & {"pymongo", "motor", "aiokafka", "pydantic", "starlette", "opentelemetry-sdk"}


async def test_a_call_to_a_running_service_ends_with_an_error_that_says_what_was_wrong(
    installed: Installed, services: Services
) -> None:
    authorities = services.authorities_file
    assert authorities is not None
    command = installed.command(
        A_CALL, services.addresses["profile"], services.token("web-shop", lifetime_seconds=900), str(authorities)
    )
    child = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, cwd=installed.wheel.parent
    )
    said, complained = await asyncio.wait_for(child.communicate(), CALL_LIMIT_SECONDS)
    assert said.decode().split() == ["NOT_FOUND", "CUSTOMER_NOT_FOUND"], complained.decode()
