"""Fuzzing the compiler: damaged gallery specs and grammar-made ones end in diagnostics, never in an exception.

`python -m tests.fuzz --cases 20000 --seed 7` runs any number by hand; the suite runs 2,000.
"""
