"""Figures 1 and 3 of the paper, on real images."""
