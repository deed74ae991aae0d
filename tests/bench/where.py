"""Where the code is that is measured."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
