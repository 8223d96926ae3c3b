"""First-order methods: how far gradients take a smooth convex function in N steps."""

from first_order import gradient_descent, heavy_ball, nesterov, noise, proofs, steps
from first_order.bent import AUDIT as AUDIT

CLAIMS = (
    gradient_descent.rate,
    proofs.proved,
    *steps.CLAIMS,
    *nesterov.CLAIMS,
    *heavy_ball.CLAIMS,
    *noise.CLAIMS,
)
