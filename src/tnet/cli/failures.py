"""What a failure prints and the exit code it gives. No traceback reaches the user unless TNET_DEBUG=1 asks for it."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterable

from ..diagnostics import Diagnostic, SpecError
from ..diagnostics.render.escape import lines
from .arguments import UsageError

INTERNAL = 70  # EX_SOFTWARE of sysexits.h
INTERRUPTED = 130  # 128 + SIGINT, as shells report it
BROKEN_PIPE = 141  # 128 + SIGPIPE

CODES = {"TN0901": 3, "TN0902": 4, "TN0903": 5, "TN0904": 6}
"""Exit codes of diagnostics that are about more than the spec or the data."""


def exit_code(problem: BaseException) -> int:
    """Say on stderr what went wrong, and return the exit code for it."""
    if os.environ.get("TNET_DEBUG") == "1" and not isinstance(problem, SystemExit):
        traceback.print_exception(problem)
    match problem:
        case SystemExit():
            return problem.code if isinstance(problem.code, int) else int(problem.code is not None)
        case KeyboardInterrupt():
            return INTERRUPTED
        case BrokenPipeError():
            silence_stdout()
            return BROKEN_PIPE
        case UsageError():
            print(f"tnet: {lines(str(problem))}" + (f"\n{problem.usage}" if problem.usage else ""), file=sys.stderr)
            return 2
    diagnostics = problem.diagnostics if isinstance(problem, SpecError) else [unexpected(problem)]
    from .output import report

    report(diagnostics)
    return INTERNAL if diagnostics[0].code == "TN0002" else code_of(diagnostics)


def code_of(diagnostics: Iterable[Diagnostic]) -> int:
    """0 where nothing is an error, 1 for a wrong spec, else what the first error's code stands for."""
    errors = [each for each in diagnostics if each.is_error]
    special = (CODES[each.code] for each in errors if each.code in CODES)
    return next(special, 1 if errors else 0)


def unexpected(problem: BaseException) -> Diagnostic:
    """A diagnostic for an exception that no stage has turned into one."""
    match problem:
        case OSError(strerror=str()):
            name = f" `{os.fspath(problem.filename)}`" if isinstance(problem.filename, str | os.PathLike) else ""
            return Diagnostic("TN0902", "error", f"cannot use the file{name}: {problem.strerror.lower()}")
        case MemoryError():
            return Diagnostic("TN0901", "error", "not enough memory")
    frame = traceback.extract_tb(problem.__traceback__)[-1]
    place = f"{os.path.basename(frame.filename)}:{frame.lineno}"
    message = f"internal error: {type(problem).__name__} at {place}: {str(problem).strip() or 'no message'}"
    advice = "this is a fault of tnet; report it with the spec, this line and the output of TNET_DEBUG=1 and `tnet env`"
    return Diagnostic("TN0002", "error", message.splitlines()[0], help=advice)


def silence_stdout() -> None:
    """Point stdout at nothing, so that the interpreter's last flush does not complain about the closed pipe."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        pass
