"""The tool: gaps, claims, kinds of evidence, the checker. It knows nothing of any particular paper."""
