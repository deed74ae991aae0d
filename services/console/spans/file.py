"""What was taken, as OTLP JSON lines: one export a line, as the Collector's file exporter writes them.

A file that is full becomes FILE.1, what was FILE.1 becomes FILE.2, and the oldest is deleted.
"""

import os
import threading
from pathlib import Path

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from services.console.spans.taking import to_json

MAX_FILE_BYTES = 64 * 1024 * 1024
OLDER_FILES = 3


class SpanFile:
    """Safe to use from several threads. Readable by its owner only: spans say who did what when."""

    def __init__(self, path: Path, *, max_bytes: int = MAX_FILE_BYTES, older_files: int = OLDER_FILES) -> None:
        """Make its folder where it is missing. Raises OSError."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path = path
        self._max_bytes = max_bytes
        self._older_files = older_files
        self._lock = threading.Lock()

    def write(self, export: ExportTraceServiceRequest) -> None:
        """Append one export. Raises OSError."""
        line = to_json(export).encode() + b"\n"
        with self._lock:
            if self._size() + len(line) > self._max_bytes:
                self._turn_over()
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(descriptor, "ab") as out:
                out.write(line)

    def _size(self) -> int:
        try:
            return self._path.stat().st_size
        except FileNotFoundError:
            return 0

    def _turn_over(self) -> None:
        for age in range(self._older_files - 1, -1, -1):
            source = self._older(age)
            if source.exists():
                source.replace(self._older(age + 1))
        if self._older_files == 0:
            self._path.unlink(missing_ok=True)

    def _older(self, age: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{age}") if age else self._path
