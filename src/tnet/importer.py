"""Importing this module makes `.tnet` files importable: `from specs.resnet import ResNet; ResNet(depth=18)`.

`tnet.importer.allow("mypkg")` lets them `use` Python code.
"""

from .interop.import_hook import allow as allow
from .interop.import_hook import install

install()
