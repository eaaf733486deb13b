"""Let the specs in a folder `use` the Python code in it; a spec or a folder cannot do so itself.

What specs use runs with all your rights, also while a spec is only checked. `--allow mypkg` lets one command do so;
`allow: [mypkg]` in the user's configuration, `$XDG_CONFIG_HOME/tnet/config.yaml`, lets all.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from ..trust import distrust, trust, trusted_folders
from .arguments import UsageError


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", nargs="?", metavar="DIR", help="the folder, with all in it")
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--list", action="store_true", help="print the folders that are trusted")
    action.add_argument("--remove", action="store_true", help="trust the folder no longer")


def run(options: argparse.Namespace) -> int:
    if options.list:
        if options.folder:
            raise UsageError("`--list` takes no folder")
        for each in trusted_folders():
            print(each)
        return 0
    if options.folder is None:
        raise UsageError("which folder? `tnet trust DIR`, or `tnet trust --list`")
    path = Path(options.folder)
    if options.remove:
        print(f"{path.resolve()} is {'no longer trusted' if distrust(path) else 'not trusted'}")
    else:
        print(f"{path.resolve()} is {'now' if trust(path) else 'already'} trusted")
    return 0
