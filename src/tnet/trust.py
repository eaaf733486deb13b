"""Which Python code specs may `use`: a spec never says so itself, only the user does.

Permission is given for one command or call (`--allow mypkg`, `allow=["mypkg"]`), for good in the user's configuration
(`allow: [mypkg]` in `config.yaml`), or for the specs and Python files in a folder (`tnet trust DIR`, kept in the list
`trusted` beside it). Both files are in `$XDG_CONFIG_HOME/tnet`, by default `~/.config/tnet`. Nothing in a project's own
folder grants anything.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .diagnostics import error

CONFIGURATION, TRUSTED = "config.yaml", "trusted"


@dataclass(frozen=True)
class Permissions:
    """What the user allows; `allowed` are the modules and packages of this command or call.

    `read_from` is where the text of the spec is, if that is elsewhere than it says of itself (the copy in a run's
    folder): trust in a folder is for specs that are in it.
    """

    allowed: tuple[str, ...] = ()
    read_from: Path | None = None

    def allow(self, module: str, spec: Path | None, code: Path | None) -> bool:
        """Whether a spec may import a module whose code is at a path. Raises SpecError for a broken configuration."""
        if _covers(self.allowed, module) or _covers(configured(), module):
            return True
        if spec is None or code is None:
            return False
        paths = [spec, code, self.read_from or spec]
        return any(all(_is_inside(path, folder) for path in paths) for folder in trusted_folders())


def _covers(names: Sequence[str], module: str) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in names)


def _is_inside(path: Path, folder: Path) -> bool:
    return path.resolve().is_relative_to(folder)


def folder() -> Path:
    """Where the user's configuration is."""
    base = os.environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base and os.path.isabs(base) else Path.home() / ".config") / "tnet"


def configured() -> Sequence[str]:
    """The modules that the user's configuration allows. Raises SpecError (TN0902)."""
    path = folder() / CONFIGURATION
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as problem:
        raise error("TN0902", f"cannot read `{path}`: {problem}") from problem
    import yaml

    try:
        content = yaml.safe_load(text) or {}
        allowed = content.get("allow") or []
        if not isinstance(allowed, list) or not all(isinstance(each, str) for each in allowed):
            raise ValueError("`allow` is a list of modules")
    except (yaml.YAMLError, AttributeError, ValueError) as problem:
        raise error("TN0902", f"`{path}` is damaged: {problem}", help="such as `allow: [mypkg]`") from problem
    return allowed


def trusted_folders() -> list[Path]:
    """The folders that the user trusts."""
    try:
        lines = (folder() / TRUSTED).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as problem:
        raise error("TN0902", f"cannot read `{folder() / TRUSTED}`: {problem}") from problem
    return [Path(line) for line in lines if line.strip()]


def trust(path: Path) -> bool:
    """Trust a folder; whether it was not trusted before. Raises SpecError (TN0902)."""
    place = path.resolve()
    if not place.is_dir():
        raise error("TN0902", f"`{path}` is no folder")
    if "\n" in str(place):
        raise error("TN0902", "the name of a folder to trust holds no line break")
    known = trusted_folders()
    if place not in known:
        _write([*known, place])
    return place not in known


def distrust(path: Path) -> bool:
    """Trust a folder no longer; whether it was trusted. Raises SpecError (TN0902)."""
    known, place = trusted_folders(), path.resolve()
    if place in known:
        _write([each for each in known if each != place])
    return place in known


def _write(folders: Sequence[Path]) -> None:
    path = folder() / TRUSTED
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f"{TRUSTED}.{os.getpid()}")
        beside.write_text("".join(f"{each}\n" for each in folders), encoding="utf-8")
        beside.replace(path)
    except OSError as problem:
        raise error("TN0902", f"cannot write `{path}`: {problem.strerror}") from problem
