"""What is derived from the contracts is complete, faithful, and the same every time."""

from importlib.metadata import version
from pathlib import Path

import protovalidate
import pytest
from google.protobuf import descriptor_pb2

from buf.validate import validate_pb2
from omnithread.cart.v1 import cart_service_pb2
from protos import bundle, generate, stubs, vendor


def test_the_vendored_validate_proto_compiles_to_the_descriptor_in_the_wheel() -> None:
    described = stubs.descriptor_set(
        sources=generate.SOURCES, third_party=generate.THIRD_PARTY, names=[vendor.VALIDATE.as_posix()]
    )
    files = descriptor_pb2.FileDescriptorSet.FromString(described).file
    printed = next(file for file in files if file.name == vendor.VALIDATE.as_posix())
    printed.ClearField("source_code_info")
    assert printed == vendor.validate_descriptor()


def test_the_vendored_protos_are_those_of_the_installed_wheels() -> None:
    for path, content in vendor.third_party_files((generate.SOURCES / "omnithread").rglob("*.proto")).items():
        assert (generate.THIRD_PARTY / path).read_bytes() == content
        assert b"Licensed under the Apache License" in content


def test_a_request_without_a_customer_breaks_the_contract() -> None:
    with pytest.raises(protovalidate.ValidationError, match=r"customer_id"):
        protovalidate.Validator().validate(cart_service_pb2.GetCartRequest())


def test_the_constraints_are_readable_through_the_generated_extension() -> None:
    field = cart_service_pb2.GetCartRequest.DESCRIPTOR.fields_by_name["customer_id"]
    assert field.GetOptions().Extensions[validate_pb2.field].string.pattern


def test_the_archive_depends_on_nothing_but_its_files() -> None:
    one, other = Path("a.proto"), Path("b/c.proto")
    assert bundle.pack({one: b"1", other: b"2"}) == bundle.pack({other: b"2", one: b"1"})


def test_the_stubs_are_made_for_the_grpc_that_runs_them() -> None:
    assert version("grpcio-tools") == version("grpcio")
