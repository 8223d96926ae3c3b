"""Records: what a run found, stored, compared, and accepted until a day."""
