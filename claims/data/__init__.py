"""Definitions 2.1 and 2.5: areas, and the masks that hide them."""
