"""The tool: gaps, claims, kinds of evidence, the checker. It knows no particular paper."""
