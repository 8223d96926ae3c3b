"""Vision transformers on real images, in plain torch: what Figures 1 and 3 of the paper show.

Beside the paper's one-layer model, which is analysed, stand the networks that it is meant to
explain: encoders of several layers and heads, trained by masked reconstruction, by contrast, by
self-distillation and with labels, small enough for a processor; and the published ones, read from
their checkpoints. Attention is measured by the same few metrics in all of them.
"""
