"""tnet: a PyTorch model and its training in one readable, fully checked file."""
