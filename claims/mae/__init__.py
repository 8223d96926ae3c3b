"""Masked reconstruction: gradients, signs and sizes of the rates, phases of a query."""
