"""In-context learning by one layer of linear attention: what it computes and learns."""

from in_context import errors, learning
from in_context.bent import AUDIT as AUDIT

CLAIMS = (*learning.CLAIMS, *errors.CLAIMS)
