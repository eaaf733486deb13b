"""Where samples come from: one kind of source a file, each adding its names to `registry.SOURCES`."""
