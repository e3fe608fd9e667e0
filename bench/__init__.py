"""
Figures, each beside a baseline measured in the same run.

Machines are noisy, so the ratio to the baseline is the figure to compare, and CPU seconds of the
measured process say more than wall time. `make bench` runs all; `python -m bench.<name>` one. What
they printed when last looked at is in docs/performance.md.
"""
