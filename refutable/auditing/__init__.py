"""Audit: bend one assumption at a time, and find where each claim breaks."""
