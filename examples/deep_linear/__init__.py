"""Deep linear networks: what gradient flow keeps, how modes are learned, where descent rests."""

from deep_linear import edge, flow
from deep_linear.bent import AUDIT as AUDIT

CLAIMS = (*flow.CLAIMS, *edge.CLAIMS)
