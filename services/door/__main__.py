"""The door as a process: `python -m services.door`. It serves until SIGTERM or SIGINT, and has nothing to migrate."""

from libs.program import run_program, until_stopped
from libs.telemetry.metrics import new_registry
from services.door.serving import door_serving
from services.door.settings import DoorSettings


async def serve(settings: DoorSettings) -> None:
    """Serve until asked to stop."""
    registry = new_registry()
    await until_stopped(lambda: door_serving(settings, registry=registry))


if __name__ == "__main__":
    run_program("door", settings=DoorSettings, commands={"serve": serve})
