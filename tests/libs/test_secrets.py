"""Secrets come from files, and are in no log line, error or printed setting."""

from pathlib import Path

import pytest
from pymongo import MongoClient

from deploy.local.backends import EmbeddedMongo
from deploy.local.keys import ensure_keys
from deploy.local.plan import Plan
from deploy.local.service import Backends, shared_environment
from libs.mongo.connection import connect
from libs.process import migrate
from libs.program import read_settings
from libs.serving import serving
from libs.settings import ServiceSettings
from libs.telemetry.scrub import has_password, safe_text, without_passwords
from tests.libs.rpc.opened_door import CHANNELS
from tests.libs.tiny_service import TINY

SECRET = "hunter2"
WITH_PASSWORD = f"mongodb://cart:{SECRET}@db.example.com/"  # not a secret: made up


def test_printed_settings_do_not_show_a_password(tmp_path: Path) -> None:
    assert SECRET not in repr(ServiceSettings(mongo_uri=WITH_PASSWORD))
    file = tmp_path / "mongo.uri"
    file.write_text(f"{WITH_PASSWORD}\nand a remark\n")
    settings = ServiceSettings(mongo_uri_file=file)
    assert SECRET not in f"{settings!r} {settings.model_dump()}"
    assert settings.mongo_address() == WITH_PASSWORD
    file.write_text("\n")
    with pytest.raises(ValueError, match="mongo_uri_file"):
        settings.mongo_address()


def test_a_process_with_a_password_in_its_environment_does_not_start_and_does_not_say_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OMNITHREAD_MONGO_URI", WITH_PASSWORD)
    with pytest.raises(ValueError, match="mongo_uri_file") as refused:
        read_settings(ServiceSettings)
    assert SECRET not in str(refused.value)


def test_the_launcher_hands_a_password_on_in_a_file_of_its_own(tmp_path: Path) -> None:
    plan = Plan(state_dir=tmp_path, mongo_uri=WITH_PASSWORD)
    backends = Backends(mongo_uri=WITH_PASSWORD, kafka_bootstrap_servers="", traces_endpoint="")
    told = shared_environment(plan=plan, backends=backends, keys=ensure_keys(tmp_path / "keys"))
    assert SECRET not in str(told)
    file = Path(told["OMNITHREAD_MONGO_URI_FILE"])
    assert file.read_text() == WITH_PASSWORD
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "text",
    [
        f"cannot reach {WITH_PASSWORD}",
        f"mongodb://:{SECRET}@db",
        f"mongodb+srv://cart:{SECRET}:x@y@db/?a=b",
        f"two: http://a:{SECRET}@b and https://c:{SECRET}@d/e",
    ],
)
def test_passwords_in_addresses_are_cut_out_of_texts(text: str) -> None:
    assert has_password(text)
    for said in (without_passwords(text), safe_text(ValueError(text))):
        assert SECRET not in said
    assert not has_password("mongodb://one:27017,two:27017/?authSource=admin&x=a@b")


@pytest.mark.parametrize("address", [f"mongodb://cart:{SECRET}:@:db", f"mongodb://cart:{SECRET}@db:port/"])
async def test_an_address_that_cannot_be_read_is_refused_without_being_quoted(address: str) -> None:
    with pytest.raises(ValueError, match="cannot be read") as refused:
        connect(address, app_name="test")
    assert SECRET not in str(refused.value)
    assert refused.value.__suppress_context__


async def test_a_service_works_as_a_user_who_may_use_its_own_database_only(
    tmp_path: Path, kafka_bootstrap: str, unique_prefix: str
) -> None:
    open_to_all = EmbeddedMongo(data_dir=tmp_path / "mongo")
    await open_to_all.start()
    with MongoClient[dict[str, object]](open_to_all.address.uri) as admin:
        role = {"role": "readWrite", "db": "omnithread_cart"}
        admin["omnithread_cart"].command("createUser", "cart", pwd=SECRET, roles=[role])
    await open_to_all.stop()
    port = int(open_to_all.address.uri.split(":")[2].split("/")[0])
    async with EmbeddedMongo(data_dir=tmp_path / "mongo", port=port, users_only=True) as guarded:
        file, where = tmp_path / "mongo.uri", f"127.0.0.1:{port}"
        file.write_text(f"mongodb://cart:{SECRET}@{where}/?authSource=omnithread_cart&replicaSet=secantus\n")
        settings = ServiceSettings(
            mongo_uri_file=file,
            kafka_bootstrap_servers=kafka_bootstrap,
            topic_prefix=unique_prefix,
            jwks_file=ensure_keys(tmp_path / "keys").jwks_file,
            channels_file=CHANNELS,
        )
        await migrate(TINY, settings)
        async with serving(TINY, settings) as running:
            assert running.port
        for uri, database in (
            (guarded.address.uri, "omnithread_cart"),
            (file.read_text().strip(), "omnithread_profile"),
        ):
            with (
                MongoClient[dict[str, object]](uri, serverSelectionTimeoutMS=20_000) as client,
                pytest.raises(Exception, match=r"(?i)auth"),
            ):
                client[database]["records"].find_one()
