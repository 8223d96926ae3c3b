"""Proofs: identities, inequalities and limits, decided."""
