"""Importing this module makes `.tnet` files importable: `from specs.resnet import ResNet; ResNet(depth=18)`."""

from .interop.import_hook import install

install()
