"""Arguments of a command: the parser that all commands share, and what is refused because it is not done yet."""

from __future__ import annotations

import argparse
from collections.abc import Collection
from importlib import import_module
from pathlib import Path

from .commands import COMMANDS


class UsageError(Exception):
    """The command line is wrong: exit code 2. `usage` is the command's usage line, if it has one."""

    def __init__(self, message: str, usage: str = ""):
        super().__init__(message)
        self.usage = usage


class Parser(argparse.ArgumentParser):
    """An `ArgumentParser` that raises `UsageError` instead of ending the process."""

    def error(self, message: str):
        raise UsageError(message, self.format_usage().strip())


class NotDoneYet(argparse.Action):
    """An option of a later version: refused by name."""

    def __call__(self, parser, namespace, values, option=None):
        raise not_done_yet(f"`{option}`")


def not_done_yet(what: str) -> UsageError:
    return UsageError(f"{what} is not done yet")


def unknown_command(name: str) -> UsageError:
    from ..diagnostics import did_you_mean

    hint = did_you_mean(name, COMMANDS) or f"the commands are {', '.join(COMMANDS)}"
    return UsageError(f"unknown command `{name}`; {hint}")


def run_command(name: str, arguments: list[str]) -> int:
    """Parse the arguments of a command and run it; its module has `arguments(parser)` and `run(options) -> code`."""
    command = import_module(f"{__package__}.{name}")
    parser = Parser(
        prog=f"tnet {name}", description=command.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    command.arguments(parser)
    try:
        options = parser.parse_intermixed_args(arguments)
    except SystemExit:  # --help has printed its text
        return 0
    return command.run(options)


def spec_arguments(parser: Parser, net: bool = True) -> None:
    """What every command takes that reads a spec."""
    parser.add_argument("spec", help="the spec, or - for stdin")
    setting_arguments(parser)
    if net:
        parser.add_argument("--net", metavar="NAME", help="another net of the file than the main one")


def depth_argument(parser: Parser, help: str) -> None:
    """`--depth N`: how many blocks may lie in each other."""
    parser.add_argument("--depth", type=_depth, metavar="N", help=help)


def _depth(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"`{text}` is no number of blocks, 0 or more")
    return int(text)


def recipe_argument(parser: Parser) -> None:
    """What every command takes that reads a recipe: settings given as `train.…` and `data.…` are for it."""
    parser.add_argument("--recipe", metavar="NAME", help="another recipe than the unnamed one")


def setting_arguments(parser: Parser) -> None:
    parser.add_argument("settings", nargs="*", metavar="name=value", help="hyper-parameters and settings")
    params_argument(parser)


def params_argument(parser: Parser) -> None:
    """What every command takes that compiles a spec: settings from files, and what Python code the spec may use."""
    parser.add_argument("--params", metavar="FILE.yaml", action="append", default=[], help="settings from YAML")
    parser.add_argument(
        "--allow", metavar="MODULE", action="append", default=[], help="let the spec `use` this Python, which runs it"
    )


def run_arguments(parser: Parser) -> None:
    """What every command takes that reads a trained run."""
    parser.add_argument("run", metavar="RUN", help="the folder of the run")
    params_argument(parser)
    parser.add_argument("--device", help="where to compute: cpu, cuda, cuda:1 … (default: as the run was trained)")
    parser.add_argument("--json", action="store_true", help="for programs")


def later(parser: Parser, *options: str, values: int | str = 0) -> None:
    """Declare options of later versions, which are refused by name when given."""
    for option in options:
        parser.add_argument(option, action=NotDoneYet, nargs=values, help=argparse.SUPPRESS)


def output_ending(options: argparse.Namespace, endings: Collection[str]) -> str:
    """What `-o FILE` ends in, in small letters; empty without it. Raises UsageError for another than `endings`."""
    ending = Path(options.out or "").suffix.lower()
    if options.out is not None and ending not in endings:
        raise UsageError(f"`-o` knows the endings {', '.join(endings)}, not `{ending or options.out}`")
    return ending


def refuse_json_and_file(options: argparse.Namespace) -> None:
    """Raises UsageError where both `--json` and `-o` are given."""
    if options.out is not None and options.json:
        raise UsageError("`--json` and `-o` both say what is to come out")
