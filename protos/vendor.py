"""Lay out `third_party/`: the foreign protos that ours import, taken from the installed wheels.

`buf` and other languages need their sources, and taking them from the locked wheels keeps them at the
versions that our Python runs with.
"""

import inspect
import re
import sysconfig
from collections.abc import Iterable
from pathlib import Path

from google.protobuf import descriptor_pb2, duration_pb2, field_mask_pb2, timestamp_pb2
from google.protobuf.descriptor_pool import DescriptorPool
from protovalidate._gen.buf.validate import validate_pb

from protos.proto_text import print_file

VALIDATE = Path("buf/validate/validate.proto")
# Every refusal carries these in its status details, imported or not.
ALWAYS = (Path("google/rpc/code.proto"), Path("google/rpc/error_details.proto"), Path("google/rpc/status.proto"))
IMPORT = re.compile(r'^import (?:public )?"(google/(?:type|rpc)/[a-z0-9_/]+\.proto)";', re.MULTILINE)


def third_party_files(ours: Iterable[Path]) -> dict[Path, bytes]:
    """Give path (below `third_party/`) and content of every foreign proto that `ours` reach by import."""
    site = Path(sysconfig.get_path("purelib"))
    found: dict[Path, bytes] = {VALIDATE: validate_source().encode()}
    waiting = {*ALWAYS, *(name for path in ours for name in _imports(path.read_bytes()))}
    while waiting:
        name = waiting.pop()
        found[name] = (site / name).read_bytes()
        waiting |= _imports(found[name]) - found.keys()
    return found


def validate_descriptor() -> descriptor_pb2.FileDescriptorProto:
    """Give the descriptor that protovalidate itself was built with."""
    file = descriptor_pb2.FileDescriptorProto()
    file.ParseFromString(validate_pb.desc().proto.to_binary())
    return file


def validate_source() -> str:
    """Print `validate.proto`, which the wheel lacks, under the notice of the module that carries its descriptor."""
    file = validate_descriptor()
    pool = DescriptorPool()
    for known in (descriptor_pb2, duration_pb2, field_mask_pb2, timestamp_pb2):
        pool.AddSerializedFile(known.DESCRIPTOR.serialized_pb)
    pool.AddSerializedFile(file.SerializeToString())
    notice = "".join(line.replace("#", "//", 1) for line in _notice(inspect.getsource(validate_pb)))
    origin = "// Printed from the descriptor inside the protovalidate wheel; its comments are not part of that.\n"
    return f"{notice}\n{origin}\n{print_file(file, pool=pool)}"


def _notice(source: str) -> list[str]:
    lines = source.splitlines(keepends=True)
    return lines[: next(number for number, line in enumerate(lines) if not line.startswith("#"))]


def _imports(source: bytes) -> set[Path]:
    return {Path(name) for name in IMPORT.findall(source.decode())}
