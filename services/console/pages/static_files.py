"""Our scripts, styles and pictures: read once, at addresses that change when they do."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.console.web.failures import nothing_here
from services.console.web.headers import FOR_A_DAY

CONSOLE = Path(__file__).parents[1]
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".txt": "text/plain"}
STATIC = "/static/{name}"


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file."""

    content: bytes
    media_type: str
    version: str


class StaticFiles:
    """All of them, by name: those in the folder `static` of each group of pages."""

    def __init__(self, folders: Path = CONSOLE) -> None:
        """Read them. Raises ValueError where two have one name, or one is of no known type."""
        self._files: dict[str, StaticFile] = {}
        for path in sorted(folders.glob("*/static/*")):
            if path.name in self._files or path.suffix not in TYPES:
                raise ValueError(f"{path} cannot be served: its name is taken, or its type unknown")
            content = path.read_bytes()
            version = hashlib.sha256(content).hexdigest()[:8]
            self._files[path.name] = StaticFile(content, TYPES[path.suffix], version)

    def address(self, name: str) -> str:
        """Give the address of a file. Raises KeyError for one that there is not."""
        return f"/static/{name}?v={self._files[name].version}"

    def all(self) -> Mapping[str, StaticFile]:
        """Give all of them by name."""
        return self._files

    async def answer(self, request: Request) -> Response:
        """Give a file."""
        found = self._files.get(request.path_params["name"])
        if found is None:
            raise nothing_here()
        return Response(found.content, media_type=found.media_type, headers=FOR_A_DAY)

    def routes(self) -> list[Route]:
        """Give their place."""
        return [Route(STATIC, self.answer, methods=["GET"])]
