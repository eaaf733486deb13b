"""A starting spec: a copy of one of the gallery, with what it imports beside it. Nothing is overwritten."""

from __future__ import annotations

import argparse
import re
import shlex
import sys
from pathlib import Path

from ..diagnostics import error, nearest
from .arguments import Parser, UsageError
from .files import write

START = "digits"
"""The spec to start from where none is named: small, with every section, and it trains at once."""


def arguments(parser: Parser) -> None:
    parser.add_argument("spec", nargs="?", metavar="FILE.tnet", help="the file to write; it must not exist yet")
    parser.add_argument("--from", dest="origin", metavar="NAME", help=f"a spec of the gallery (default: {START})")
    parser.add_argument("--list", action="store_true", help="print the gallery and write nothing")
    parser.epilog = f"the gallery:\n{listing()}"


def run(options: argparse.Namespace) -> int:
    if options.list:
        print(listing())
        return 0
    if options.spec is None:
        raise UsageError("which file to write? `tnet new mine.tnet`")
    origin, target = gallery_spec(options.origin or START), Path(options.spec)
    if target.suffix != ".tnet":
        raise UsageError(f"a spec's file ends in `.tnet`, not as `{options.spec}` does")
    copies = {target: own_text(origin, target), **imports_of(origin, target.parent)}
    for path, text in copies.items():
        refuse_to_overwrite(path, text, target)
    for path, text in copies.items():
        write(path, text)
        print(f"{path} written, from the gallery's {origin.stem if path == target else path.stem}", file=sys.stderr)
    return 0


def folder() -> Path:
    """The folder of the gallery: in the installed package, or that of the checkout."""
    package = Path(__file__).resolve().parents[1]
    return next(each for each in (package / "specs", package.parents[1] / "specs") if each.is_dir())


def gallery() -> dict[str, Path]:
    """The specs of the gallery by name."""
    return {path.stem: path for path in sorted(folder().glob("*.tnet"))}


def gallery_spec(name: str) -> Path:
    """The file of a gallery spec. Raises UsageError with the nearest name."""
    known = gallery()
    if name not in known:
        meant = nearest(name, known)
        hint = f"did you mean `{meant}`?" if meant else f"it has {', '.join(known)}"
        raise UsageError(f"the gallery has no `{name}`; {hint}")
    return known[name]


def listing() -> str:
    """A line for each spec of the gallery."""
    return "\n".join(f"  {name:14}{about(path.read_text(encoding='utf-8'))}" for name, path in gallery().items())


def about(text: str) -> str:
    """The first sentence of the comment that a spec starts with."""
    comment = re.match(r"(#.*\n)*", text)[0]
    flowing = re.sub(r"\s*\n?# ?", " ", comment).strip()
    return re.split(r"(?<=\.)\s", flowing)[0]


def own_text(origin: Path, target: Path) -> str:
    """The spec's text; where it says how to run it, by the name of the new file."""
    text, name = origin.read_text(encoding="utf-8"), str(target)
    return text.replace(f"specs/{origin.name}", shlex.quote(name)) if name.isprintable() else text


def imports_of(origin: Path, folder: Path) -> dict[Path, str]:
    """The specs that a spec of the gallery imports, and those that they do, as files of a folder."""
    from ..syntax.imports import imported

    return {folder / name: path.read_text(encoding="utf-8") for path, name in imported(origin).items()}


def refuse_to_overwrite(path: Path, text: str, target: Path) -> None:
    """Raise SpecError (TN0902) for a file that is there, but for an imported spec that is the gallery's own."""
    if not path.exists() and not path.is_symlink():
        return
    if path != target and path.is_file() and path.read_text(encoding="utf-8", errors="replace") == text:
        return
    why = "nothing is overwritten" if path == target else f"`{target}` would import the gallery's spec of that name"
    raise error("TN0902", f"`{path}` is there already", help=f"{why}; choose another name or folder")
