"""Side-by-side measurements: each prints ratios of things measured in turns in one run.

python -m benchmarks              all of them
python -m benchmarks startup      one
"""
