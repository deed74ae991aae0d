"""Starts a service as a process: loads all of it, and runs it as the command line says (`libs/process.py`)."""

import gc
from importlib import import_module


def start(module: str) -> None:
    """Run the `SERVICE` of a module, and end the process.

    Nothing that is loaded is garbage. To look for some meanwhile would be a sixth of the time that loading takes.
    """
    gc.disable()
    run_service, service = import_module("libs.process").run_service, import_module(module).SERVICE
    gc.enable()
    run_service(service)
