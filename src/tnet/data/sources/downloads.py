"""Fetching data sets: what is in an archive stays in the folder that the archive is unpacked into."""

from __future__ import annotations

import sys
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from typing import Any


@contextmanager
def confined(options: Mapping[str, Any]) -> Iterator[None]:
    """While a data set is made, archives are unpacked by `tarfile.data_filter`, which refuses what would lie outside
    (absolute names, `..`, links that lead out) and devices; zip files know no such members but by their names, which
    `zipfile` cleans. What torchvision prints goes to stderr.

    Source: https://docs.python.org/3/library/tarfile.html#tarfile.TarFile.extraction_filter
    """
    if not options.get("download"):
        yield
        return
    if not hasattr(tarfile, "data_filter"):
        raise RuntimeError("downloads are unpacked safely by Python 3.11.4 or newer; unpack the files yourself")
    before = tarfile.TarFile.__dict__.get("extraction_filter")
    tarfile.TarFile.extraction_filter = staticmethod(tarfile.data_filter)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        if before is None:
            del tarfile.TarFile.extraction_filter
        else:
            tarfile.TarFile.extraction_filter = before
