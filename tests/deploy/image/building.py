"""Does the steps of a Dockerfile in a folder that stands for the root of each stage.

The commands are the file's own, but for where its absolute paths lead. What a step reads comes from the repository, as
far as `.dockerignore` lets it, or from an earlier stage; the interpreter is the one that the tests stand on.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tests.deploy.image.dockerfile import Instruction, Stage, may_be_copied

OURS = re.compile(r"(?<![\w./-])/(?:opt|build|app)(?=[/\s:]|$)")
"""The folders that the image has for itself."""
PLACES = re.compile(r"(?i)(HOME|PIP_\w+|SSL_CERT_\w+|\w+_proxy)")
"""Where a machine gets packages from is its own affair."""
STEP_TIMEOUT_SECONDS = 1800


@dataclass(frozen=True, slots=True)
class Image:
    """What came of the last stage."""

    root: Path
    environment: Mapping[str, str]
    workdir: Path

    @property
    def python(self) -> Path:
        """The interpreter that `python` means inside."""
        found = shutil.which("python", path=self.environment["PATH"])
        if found is None or not Path(found).is_relative_to(self.root):
            raise FileNotFoundError("the image has no python of its own first in its PATH")
        return Path(found)


class Builder:
    """One build."""

    def __init__(self, folder: Path, context: Path, rules: Sequence[str]) -> None:
        self._folder = folder
        self._context = context
        self._rules = rules
        self._roots: dict[str, Path] = {}

    def build(self, stages: Sequence[Stage]) -> Image:
        """Do all stages, and take away those before the last: it has to do without them."""
        image = None
        for number, stage in enumerate(stages):
            image = self._stage(stage, self._folder / (stage.name or f"stage-{number}"))
        if image is None:
            raise ValueError("there is no stage")
        for root in self._roots.values():
            if root != image.root:
                shutil.rmtree(root)
        return image

    def _stage(self, stage: Stage, root: Path) -> Image:
        root.mkdir(parents=True)
        self._roots[stage.name] = root
        workdir, environment = root, {}
        for step in stage.steps:
            match step.word:
                case "WORKDIR":
                    workdir = Path(self._inside(step.rest, root))
                    workdir.mkdir(parents=True, exist_ok=True)
                case "ENV":
                    environment = {name: self._inside(value, root) for name, value in stage.environment().items()}
                case "COPY":
                    self._copy(step, root=root, workdir=workdir)
                case "RUN":
                    self._run(step, root=root, workdir=workdir, environment=environment)
                case "ARG" | "LABEL" | "USER" | "CMD":
                    pass
                case _:
                    raise ValueError(f"no way to do {step.word} without an engine")
        return Image(root=root, environment=environment, workdir=workdir)

    @staticmethod
    def _inside(text: str, root: Path) -> str:
        """Lead the image's own absolute paths into its folder."""
        return OURS.sub(lambda found: f"{root}{found[0]}", text)

    def _run(self, step: Instruction, *, root: Path, workdir: Path, environment: Mapping[str, str]) -> None:
        base = Path(getattr(sys, "_base_executable", sys.executable)).parent  # not that of the tests' environment
        kept = {name: value for name, value in os.environ.items() if PLACES.fullmatch(name)}
        done = subprocess.run(
            ["/bin/sh", "-c", self._inside(step.rest, root)],
            cwd=workdir,
            env={**kept, "PATH": f"{base}:/usr/bin:/bin", **environment},
            capture_output=True,
            text=True,
            timeout=STEP_TIMEOUT_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"RUN {step.rest}\n{done.stdout[-2000:]}{done.stderr[-4000:]}")

    def _copy(self, step: Instruction, *, root: Path, workdir: Path) -> None:
        words = shlex.split(step.rest)
        earlier = self._roots[words.pop(0).removeprefix("--from=")] if words[0].startswith("--from=") else None
        *sources, to = words
        target = Path(self._inside(to, root)) if to.startswith("/") else workdir / to
        for source in sources:
            if earlier is not None:
                shutil.copytree(earlier / source.lstrip("/"), target, symlinks=True, dirs_exist_ok=True)
            else:
                self._copy_from_context(source, target, as_folder=to.endswith("/"))

    def _copy_from_context(self, source: str, target: Path, *, as_folder: bool) -> None:
        found = sorted(self._context.glob(source))
        copied = 0
        for start in found:
            for path in (start, *(start.rglob("*") if start.is_dir() else ())):
                if not path.is_file() or not self._allowed(path):
                    continue
                to = target / path.relative_to(start) if start.is_dir() else target / path.name if as_folder else target
                to.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, to)
                copied += 1
        if not copied:
            raise FileNotFoundError(f"COPY {source}: nothing there that .dockerignore lets through")

    def _allowed(self, path: Path) -> bool:
        return may_be_copied(PurePosixPath(path.relative_to(self._context)), self._rules)
