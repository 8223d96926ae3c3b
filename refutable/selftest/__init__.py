"""Selftest: claims must notice planted mistakes and random mutations."""
