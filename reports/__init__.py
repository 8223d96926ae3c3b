"""Results in, pages out. Nothing is computed here."""
