"""Make everything that is derived from the protos: `python -m protos.generate`.

Committed: `third_party/`, the Python stubs in the client package, `docs/errors.md` and `docs/access.md`.
Git-ignored, in `build/`: the archive for other languages and the descriptor set.
`--check` writes nothing and names what is stale.
"""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

from protos import access_page, bundle, error_page, stubs, vendor

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "protos"
THIRD_PARTY = SOURCES / "third_party"
CLIENT = ROOT / "libs/omnithread-client/src"
BUILD = ROOT / "build"


def main() -> None:
    """Write or check, and leave with 1 where something is stale or does not compile."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare with what is committed, write nothing")
    settle = _complain if parser.parse_args().check else _write

    ours = sorted((SOURCES / "omnithread").rglob("*.proto"))
    names = [path.relative_to(SOURCES).as_posix() for path in ours]
    foreign = vendor.third_party_files(ours)
    settle({THIRD_PARTY / path: content for path, content in foreign.items()}, present=THIRD_PARTY.rglob("*.proto"))
    try:
        made = stubs.python_stubs(sources=SOURCES, third_party=THIRD_PARTY, names=[*names, vendor.VALIDATE.as_posix()])
        described = stubs.descriptor_set(sources=SOURCES, third_party=THIRD_PARTY, names=names)
    except stubs.ProtocFailed:
        sys.exit("the protos do not compile")
    settle({CLIENT / path: content for path, content in made.items()}, present=CLIENT.rglob("*_pb2*.py*"))
    settle({ROOT / "docs/errors.md": error_page.error_page(described)}, present=())
    settle({ROOT / "docs/access.md": access_page.access_page(described)}, present=())
    if settle is _write:
        packed = foreign | {path.relative_to(SOURCES): path.read_bytes() for path in ours}
        packed[Path("LICENSE")] = (ROOT / "LICENSE").read_bytes()
        packed |= {Path(path.name): path.read_bytes() for path in SOURCES.glob("buf.gen.*.yaml")}
        archive = bundle.pack(packed)
        _write({BUILD / "omnithread.binpb": described, BUILD / "omnithread-protos.tar.gz": archive}, present=())


def _write(wanted: dict[Path, bytes], *, present: Iterable[Path]) -> None:
    for leftover in set(present) - wanted.keys():
        if leftover.suffix != ".pyc":
            leftover.unlink()
    for path, content in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_bytes() != content:
            path.write_bytes(content)


def _complain(wanted: dict[Path, bytes], *, present: Iterable[Path]) -> None:
    stale = {path for path, content in wanted.items() if not path.exists() or path.read_bytes() != content}
    stale |= {path for path in set(present) - wanted.keys() if path.suffix != ".pyc"}
    if stale:
        sys.exit("stale, run `make protos`:\n" + "\n".join(f"  {path.relative_to(ROOT)}" for path in sorted(stale)))


if __name__ == "__main__":
    main()
