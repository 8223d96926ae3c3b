"""What is audited: the finite statements of claims on small trained models, and the dials.

A statement is tried on a model with a few dozen patches, of which every query is examined. Its
thresholds leave room for the finite size as assumed; how much room a perturbation uses is the
closeness that the atlas records.
"""

from __future__ import annotations

from refutable.auditing.statement import Audit
from refutable.claims.bent import along_training as along
from refutable.claims.bent import comparison, dials, events, theorems
from refutable.claims.bent.bases import NEGATIVE, POSITIVE, SPREAD
from refutable.claims.bent.foreseen import (
    QUERIES,
    reduced_collapses,
    reduced_converges,
    reduced_grows,
    reduced_in_one_phase,
    reduced_in_two_phases,
)
from refutable.claims.bent.plans import EPSILON, MISS
from refutable.claims.bent.statement import of_both, statement
from refutable.claims.bent.theorems import SPREAD_MISS
from refutable.claims.figures import audited

STATEMENTS = (
    statement(
        "thm4.1", f"every patch is within ε = {EPSILON:g} of its infimum at twice the "
        "predicted time", theorems.converges, main=True, foreseen=reduced_converges,
    ),
    statement(
        "thm4.2.global", "masked global patches attend to the global area, through Φ_1 grown",
        theorems.global_case, main=True, foreseen=reduced_grows("global"),
    ),
    statement(
        "thm4.2.local+", "Φ_1 falls before T_1, then masked local patches attend to their own "
        "area through Φ_n grown", theorems.local_positive, bases=(POSITIVE,), main=True,
        foreseen=reduced_in_two_phases,
    ),
    statement(
        "thm4.2.local-", "Φ_n leads from the start, and masked local patches attend to their own "
        "area", theorems.local_negative, bases=(NEGATIVE,), main=True,
        foreseen=reduced_in_one_phase,
    ),
    statement(
        "thm4.4", f"every query gives the global area at least {1 - MISS:g} of its attention",
        theorems.collapses, objective="cl", main=True, foreseen=reduced_collapses(MISS),
    ),
    statement(
        "mae.locality", "every masked query's largest area attention is its own area's",
        theorems.local_attention_is_own, foreseen=reduced_grows(*QUERIES),
    ),
    statement(
        "fig4.mechanism", "masked local patches attend to their own area through Φ_n, and Φ_1 is "
        "suppressed if Δ > 0", theorems.mechanism,
    ),
    statement(
        "cl.rank-one", "all rows of Q stay equal", along.equal_rows, objective="cl",
    ),
    statement(
        "cl.cluster-threshold", f"with latents ½ or 1½ every query gives the global area at "
        f"least {1 - SPREAD_MISS:g} of its attention", theorems.collapses_all_latents,
        objective="cl", bases=(SPREAD,), foreseen=reduced_collapses(SPREAD_MISS),
    ),
    statement("loss.descent", "the loss never rises from look to look", along.descends),
    statement("grad.shift", "positions' correlations sum to 0 over keys", along.shift_free),
    statement("sign.own", "no own correlation decreases from look to look", along.never_decreases),
    statement(
        "local+.phase1-length", "T_1 is a third of T_½, within a factor of two", events.switch_time,
        bases=(POSITIVE,),
    ),
    statement(
        "local+.phase2-length", "T_½ is that of the reduced dynamics", events.half_time("local"),
        bases=(POSITIVE,),
    ),
    statement(
        "local+.decoupling-depth", "Φ_1 of local queries ends where the reduced dynamics leave it",
        events.end_of("local", "phi_global", "Φ_1"), bases=(POSITIVE,),
    ),
    statement(
        "local+.own-final", "Φ_n of local queries ends where the reduced dynamics leave it",
        events.end_of("local", "phi_own", "Φ_n"), bases=(POSITIVE,),
    ),
    statement(
        "local-.own-first", "Φ_n of local queries changes by more than Φ_1 from look to look",
        along.own_first, bases=(NEGATIVE,),
    ),
    statement(
        "local-.length", "T_½ is that of the reduced dynamics", events.half_time("local"),
        bases=(NEGATIVE,),
    ),
    statement(
        "local-.own-final", "Φ_n of local queries ends where the reduced dynamics leave it",
        events.end_of("local", "phi_own", "Φ_n"), bases=(NEGATIVE,),
    ),
    statement("global.length", "T_½ is that of the reduced dynamics", events.half_time("global")),
    statement("global.one-phase", "Φ_1 of global queries never decreases", along.one_phase),
    statement(
        "global.own-final", "Φ_1 of global queries ends where the reduced dynamics leave it",
        events.end_of("global", "phi_own", "Φ_1"),
    ),
    statement(
        "contrast.diversity-mae", "attention diversity of the autoencoder is near its limit",
        comparison.diverse,
    ),
    statement(
        "contrast.diversity-cl", "attention diversity of the contrastive model is small",
        comparison.uniform, objective="cl",
    ),
    of_both(
        "contrast.locality", "own-area attention: large for MAE, small for CL",
        (comparison.local_case,),
    ),
    of_both(
        "contrast.reconstruction", "masked local patches are reconstructed with MAE's attention, "
        "not with CL's", (comparison.reconstructs,),
    ),
    of_both(
        "contrast.both-signs", "diversity, locality and reconstruction at both signs of Δ",
        (comparison.diversity_of_either, comparison.local_case, comparison.reconstructs),
    ),
)  # fmt: skip

AUDIT = Audit(dials.DIALS, STATEMENTS, beside=(audited.PIXELS, audited.NETWORKS))
