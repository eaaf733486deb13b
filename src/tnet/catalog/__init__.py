"""What names mean: layers and functions of torch, torchvision and einops, found by introspection under strict rules."""
