"""A page that takes long to make holds nobody else up."""

import asyncio
import threading

from starlette.requests import Request

from libs.ids import new_id
from services.console.pages.rendering import Rendering
from services.console.pages.static_files import StaticFiles
from services.console.web.sealing import Seal
from services.console.web.sessions import Sessions

AN_ADDRESS = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": [], "server": ("x", 80)}


class Laborious:
    """What a page says only after others could do something."""

    title, status, reason = "A large page", 200, ""

    def __init__(self) -> None:
        self.others_went_on = threading.Event()

    @property
    def words(self) -> str:
        return "Others went on." if self.others_went_on.wait(timeout=20) else "Others waited."


async def test_while_a_large_page_is_made_others_go_on() -> None:
    sessions = Sessions(seal=Seal("s" * 32), hours=1, idle_minutes=1, secure=True, new_id=new_id)
    rendering = Rendering(sessions=sessions, static=StaticFiles(), time_zone="UTC")
    large = Laborious()
    making = asyncio.create_task(
        rendering.large_page(Request(AN_ADDRESS), "failure.html", failure=large, written=()),
    )
    await asyncio.sleep(0)
    large.others_went_on.set()
    assert "Others went on." in bytes((await making).body).decode()
