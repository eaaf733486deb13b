"""The typed intermediate representation: programs, nets, graphs, types."""
