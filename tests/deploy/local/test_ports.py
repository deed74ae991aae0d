"""Several suites on one machine do not take each other's ports."""

import subprocess
import sys

from deploy.local import ports
from deploy.local.state import ROOT

CHOOSING = """
import sys
from deploy.local import ports
ports.FIRST_PORT, ports.LAST_PORT = map(int, sys.argv[1:])
ports.MAX_TRIES = ports.LAST_PORT - ports.FIRST_PORT + 1
try:
    print(ports.free_port())
except OSError:
    print("none")
"""


def chosen_elsewhere(first: int, last: int) -> str:
    """What another process is given out of a few ports."""
    return subprocess.run(
        [sys.executable, "-c", CHOOSING, str(first), str(last)], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()


def test_a_port_that_one_process_was_given_is_given_to_no_other_though_nobody_listens_there_yet() -> None:
    mine = ports.free_port()
    assert chosen_elsewhere(mine, mine) == "none"


def test_a_port_is_free_again_when_the_process_that_had_it_has_ended() -> None:
    with_luck = ports.free_port() + 1
    given = chosen_elsewhere(with_luck, with_luck + 20)
    assert given == chosen_elsewhere(int(given), int(given))
