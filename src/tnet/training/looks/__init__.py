"""What a run's report shows beside its numbers: predictions, parameters and what happens inside the net.

Looking leaves no trace: buffers, modes, gradients and random streams are afterwards as they were.
"""
