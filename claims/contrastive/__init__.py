"""Contrastive learning: gradients, the row that all patches share, the collapse, what stops it."""
