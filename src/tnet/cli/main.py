"""`tnet COMMAND …`: finds the command's module, runs it, and turns whatever happens into an exit code.

Nothing but the command that was asked for is imported, and no command's module imports torch at its top.
"""

from __future__ import annotations

import sys

from .commands import COMMANDS

EPILOG = """\
Every command that reads a spec takes hyper-parameters and settings as `name=value` (lr=0.01 train.epochs=5)
and `--params file.yaml`; `-` reads the spec from stdin. `tnet COMMAND --help` has the rest.
Exit codes: 0 done, 1 the spec or the data is wrong, 2 wrong usage, 3 a limit, 4 files, 5 no usable checkpoint,
6 numbers (NaN), 75 stopped on request, resumable."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code; nothing is raised."""
    try:
        if hasattr(sys.stdout, "reconfigure"):  # a terminal that lacks a character shows another in its place
            sys.stdout.reconfigure(errors="replace")
        code = dispatch(sys.argv[1:] if arguments is None else arguments)
        sys.stdout.flush()
        return code
    except BaseException as problem:
        from .failures import exit_code

        return exit_code(problem)


def dispatch(arguments: list[str]) -> int:
    match arguments:
        case [] | ["-h" | "--help" | "help", *_]:
            print(overview(), file=sys.stdout if arguments else sys.stderr)
            return 0 if arguments else 2
        case ["-V" | "--version" | "version", *_]:
            import tnet

            print(f"tnet {tnet.__version__}")
            return 0
        case [name, *rest] if name in COMMANDS:
            from .arguments import run_command

            return run_command(name, rest)
    from .arguments import unknown_command

    raise unknown_command(arguments[0])


def overview() -> str:
    lines = [f"  {name:10}{line}" for name, line in COMMANDS.items()]
    return "\n".join(["usage: tnet COMMAND spec.tnet [name=value …] [options]", "", *lines, "", EPILOG])
