"""The image is made once for all of its tests."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.image.building import Builder, Image
from tests.deploy.image.dockerfile import DOCKERFILE, IGNORED, ROOT, rules_of, stages


@pytest.fixture(scope="package")
def image() -> Iterator[Image]:
    """Do every step of the Dockerfile, with packages from where this machine gets them."""
    folder = Path(tempfile.mkdtemp(prefix="omnithread-image-"))
    try:
        yield Builder(folder, ROOT, rules_of(IGNORED.read_text())).build(stages(DOCKERFILE.read_text()))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
