"""Transforms of `torchvision.transforms.v2`: found by introspection, run on whole batches where samples stay apart."""
