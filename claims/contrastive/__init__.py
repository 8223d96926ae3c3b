"""Contrastive learning: gradients, the row that all patches share, the collapse, its thresholds."""
