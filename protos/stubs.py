"""Run protoc over our protos: typed Python stubs, and the descriptor set."""

import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import grpc_tools
from grpc_tools import protoc

WELL_KNOWN = Path(grpc_tools.__file__).parent / "_proto"


class ProtocFailed(Exception):
    """protoc has said why on standard error."""


def python_stubs(*, sources: Path, third_party: Path, names: Iterable[str]) -> dict[Path, bytes]:
    """Give path and content of everything generated for `names`, package marks included."""
    with TemporaryDirectory() as folder:
        plugins = Path(sysconfig.get_path("scripts"))
        _protoc(
            sources,
            third_party,
            names,
            f"--plugin=protoc-gen-mypy={plugins / 'protoc-gen-mypy'}",
            f"--plugin=protoc-gen-mypy_grpc={plugins / 'protoc-gen-mypy_grpc'}",
            f"--python_out={folder}",
            f"--grpc_python_out={folder}",
            f"--mypy_out=quiet:{folder}",
            f"--mypy_grpc_out=quiet:{folder}",
        )
        made = {path.relative_to(folder): path.read_bytes() for path in Path(folder).rglob("*.py*")}
    # A proto without a service leaves a grpc stub that only checks versions: nobody imports it.
    served = {path.stem for path, content in made.items() if b"def add_" in content}
    kept = {path: made[path] for path in made if path.stem in served or not path.stem.endswith("_grpc")}
    return kept | {folder / "__init__.py": b"" for path in kept for folder in path.parents if len(folder.parts) > 1}


def descriptor_set(*, sources: Path, third_party: Path, names: Iterable[str]) -> bytes:
    """Give the FileDescriptorSet of `names` with imports and comments, for grpcurl and gateways."""
    with TemporaryDirectory() as folder:
        out = Path(folder) / "set.binpb"
        options = ("--include_imports", "--include_source_info", f"--descriptor_set_out={out}")
        _protoc(sources, third_party, names, *options)
        return out.read_bytes()


def _protoc(sources: Path, third_party: Path, names: Iterable[str], *options: str) -> None:
    arguments = ["protoc", f"-I{sources}", f"-I{third_party}", f"-I{WELL_KNOWN}", *options, *names]
    sys.stdout.flush()
    if protoc.main(arguments) != 0:
        raise ProtocFailed
