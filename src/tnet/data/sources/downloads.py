"""Making data sets: what is in an archive, fetched or there already, stays in the folder that it is unpacked into."""

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
    `zipfile` cleans. What is printed meanwhile goes to stderr.

    Source: https://docs.python.org/3/library/tarfile.html#tarfile.TarFile.extraction_filter
    """
    with redirect_stdout(sys.stderr):
        if hasattr(tarfile, "data_filter"):
            with _filtered():
                yield
        elif options.get("download"):
            raise RuntimeError("downloads are unpacked safely by Python 3.11.4 or newer; unpack the files yourself")
        else:
            yield


@contextmanager
def _filtered() -> Iterator[None]:
    before = tarfile.TarFile.__dict__.get("extraction_filter")
    tarfile.TarFile.extraction_filter = staticmethod(tarfile.data_filter)
    try:
        yield
    finally:
        if before is None:
            del tarfile.TarFile.extraction_filter
        else:
            tarfile.TarFile.extraction_filter = before
