"""Pack protos into one archive that any language can generate from, the same bytes for the same protos."""

import gzip
import io
import tarfile
from collections.abc import Mapping
from pathlib import Path


def pack(files: Mapping[Path, bytes]) -> bytes:
    """Give a .tar.gz of `files` that depends on nothing but their paths and contents."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path in sorted(files):
            entry = tarfile.TarInfo(f"omnithread-protos/{path.as_posix()}")
            entry.size = len(files[path])
            entry.mode = 0o644
            archive.addfile(entry, io.BytesIO(files[path]))
    return gzip.compress(plain.getvalue(), mtime=0)
