"""Reuse: expensive runs, made once and kept by content."""
