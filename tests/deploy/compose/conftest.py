"""The file as compose resolves it, and the secrets as they are made for it."""

from pathlib import Path

import pytest

from deploy.compose.secrets import make_secrets
from tests.deploy.compose.resolved import Compose, resolved


@pytest.fixture(scope="package")
def compose() -> Compose:
    return resolved()


@pytest.fixture(scope="package")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("secrets")
    make_secrets(folder)
    return folder
