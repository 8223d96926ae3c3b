"""The two models trained under perturbed assumptions, and what can be seen of them.

Everything is torch on whole matrices: no closed form survives all perturbations. With none turned,
the steps are those of `vit` and `losses` on the same batches. P is small (dozens), so that a run
costs about a second; the cost grows like P³.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from refutable.model import correlations, data
from refutable.model.bent.perturbation import Perturbation
from refutable.model.setting import Setting, SettingError
from refutable.model.trajectory import Objective

Floats = data.Floats

BATCH = {"mae": 64, "cl": 64}
"""Samples per step in place of the population: fresh ones every step, so nothing is learned by
heart; the noise left in Φ is that of one step."""
EVALUATED = 192
"""Samples, unseen in training, on which a trained model is looked at."""
MOMENTS = 12
LOOKS = (0.0, 1 / 48, 1 / 24, 1 / 16, *(n / MOMENTS for n in range(1, MOMENTS + 1)))
"""When a model is looked at, as shares of its training: evenly, and closer at the start, where T_1
lies. A training has at least twice MOMENTS steps."""
ADAM_RATE = 0.05
"""Learning rate of Adam: an entry of Q moves by up to this much per step."""
SECOND_HEAD = 0.1


@dataclass(frozen=True, eq=False)
class World:
    """Where the data live: positional encodings E (P, d), features V (K, N, d), areas (K, P)."""

    E: Floats
    V: Floats
    area_of: data.Ints

    @property
    def sizes(self) -> data.Ints:
        """(K, N) sizes of the areas."""
        K, N, _ = self.V.shape
        return np.stack([np.bincount(self.area_of[k], minlength=N) for k in range(K)])


def world(setting: Setting, perturbation: Perturbation) -> World:
    """Positions and features with the perturbed inner products, in orthonormal coordinates.

    d = P + K·N + K + 2: one more direction for what positions share, one per cluster for what its
    features share, one for what global features share. SettingError when the coherences exceed what
    vectors of length 1 can have.
    """
    P, K, N = setting.P, setting.K, setting.areas
    d = P + K * N + K + 2
    axes = np.eye(d)
    own = axes[P : P + K * N].reshape(K, N, d)
    in_cluster = axes[P + K * N : P + K * N + K][:, None, :]
    among_global, among_positions = axes[-2], axes[-1]

    mu, shared = perturbation.feature_coherence, perturbation.shared_global
    if mu + shared > 1:
        raise SettingError(
            f"feature_coherence {mu} and shared_global {shared} exceed 1 together: no unit vectors"
        )
    V = np.sqrt(1 - mu) * own + np.sqrt(mu) * in_cluster
    V[:, 0] = (
        np.sqrt(1 - mu - shared) * own[:, 0]
        + np.sqrt(mu) * in_cluster[:, 0]
        + np.sqrt(shared) * among_global
    )
    area_of = areas(setting, perturbation.largest_local)
    c, overlap = perturbation.position_coherence, perturbation.position_feature_overlap
    E = np.sqrt(1 - c) * axes[:P] + np.sqrt(c) * among_positions
    if overlap:
        E = np.sqrt(1 - overlap**2) * E + overlap * V[0, area_of[0]]
    return World(E, V, area_of)


def areas(setting: Setting, largest_local: float) -> data.Ints:
    """(K, P) area of every patch; the first local area has largest_local·C_s patches.

    What it gains is taken from the other local areas in turn, none below one patch.
    SettingError when they have not that much to give.
    """
    area_of = setting.area_of.copy()
    gain = round((largest_local - 1) * setting.C_s)
    if gain > setting.P - setting.C_1 - setting.C_s - (setting.locals - 1):
        raise SettingError(
            f"a local area of {setting.C_s + gain} patches leaves none to the other local areas"
        )
    for k in range(setting.K):
        for i in range(gain):
            rest = np.bincount(area_of[k], minlength=setting.areas)
            rest[:2] = 0
            donor = int(rest.argmax())
            area_of[k, np.flatnonzero(area_of[k] == donor)[i % rest[donor]]] = 1
    return area_of


@dataclass(frozen=True, eq=False)
class Batch:
    """B samples laid out: X (B, P, d) before masking, visible (B, P), z (B, P), cluster (B,)."""

    X: Tensor
    visible: Tensor
    z: Floats
    cluster: data.Ints

    @functools.cached_property
    def masked(self) -> Tensor:
        """M(X)."""
        return self.X * self.visible[:, :, None]

    def under(self, visible: data.Bools) -> Batch:
        """The same samples under other masks."""
        return dataclasses.replace(self, visible=torch.from_numpy(visible))


def draw(
    setting: Setting,
    perturbation: Perturbation,
    where: World,
    size: int,
    rng: np.random.Generator,
) -> Batch:
    """Draw samples as the perturbed data model has them, clusters in equal shares."""
    samples = data.draw(setting, size, rng, stratified=True)
    z = samples.latents.copy()
    if perturbation.latent_correlation:
        common = rng.random(size) < perturbation.latent_correlation
        z[common] = z[common, :1]
    if perturbation.sign_flips:
        z *= np.where(rng.random(z.shape) < perturbation.sign_flips, -1.0, 1.0)
    area = where.area_of[samples.cluster]
    per_patch = np.take_along_axis(z, area, axis=1)
    if perturbation.latent_jitter:
        per_patch = per_patch * (
            1 + perturbation.latent_jitter * rng.uniform(-1, 1, size=per_patch.shape)
        )
    X = per_patch[:, :, None] * where.V[samples.cluster[:, None], area]
    if perturbation.noise:
        d = X.shape[-1]
        X = X + perturbation.noise / math.sqrt(d) * rng.standard_normal(X.shape)
    visible = masks(setting, perturbation, size, rng)
    return Batch(torch.from_numpy(X), torch.from_numpy(visible), per_patch, samples.cluster)


def masks(
    setting: Setting, perturbation: Perturbation, size: int, rng: np.random.Generator
) -> data.Bools:
    """(size, P) visible patches under the perturbed mask law."""
    if perturbation.bernoulli_masks:
        return rng.random((size, setting.P)) >= setting.gamma
    visible = data.draw_masks(setting, size, rng)
    if perturbation.block_masks:
        blocks = rng.random(size) < perturbation.block_masks
        start = rng.integers(setting.P, size=size)
        since = (np.arange(setting.P) - start[:, None]) % setting.P
        visible = np.where(blocks[:, None], since >= setting.M, visible)
    return visible


class Network(torch.nn.Module):
    """One or two layers of one or two heads with query-key matrices Q and a value matrix.

    Without residual connections the composition of layers is linear in the values, so that the
    attention of the whole network to an input patch is well defined: the product of the layers'.
    """

    def __init__(
        self,
        setting: Setting,
        objective: Objective,
        perturbation: Perturbation,
        where: World,
        rng: np.random.Generator,
    ) -> None:
        super().__init__()
        d = where.E.shape[1]
        self.objective, self.details = objective, setting.contrastive
        self.positions = torch.from_numpy(where.E)
        self.layers = perturbation.layers
        self.heads = perturbation.heads
        starts = np.zeros((self.layers, self.heads, d, d))
        if perturbation.init_scale:
            starts += perturbation.init_scale / math.sqrt(d) * rng.standard_normal(starts.shape)
        if self.heads == 2:
            starts[:, 1] += SECOND_HEAD / math.sqrt(d) * rng.standard_normal(starts[:, 1].shape)
        self.Q = torch.nn.Parameter(torch.from_numpy(starts))
        W = np.eye(d)
        if perturbation.value_perturbation:
            scale = perturbation.value_perturbation / math.sqrt(d)
            W = W + scale * rng.standard_normal((d, d))
        self.plain_values = not (perturbation.value_perturbation or perturbation.value_training)
        self.W = torch.nn.Parameter(
            torch.from_numpy(W), requires_grad=perturbation.value_training > 0
        )

    def _layer(self, tokens: Tensor, layer: int) -> Tensor:
        """Attention of a layer, heads averaged: (B, P, P)."""
        keys, asking = tokens, self.positions
        if self.objective == "mae" or self.details.keys == "feature+position":
            keys = tokens + self.positions
        if self.objective == "cl" and self.details.query == "feature+position":
            asking = tokens + self.positions
        # Keys by queries: queries that all samples share make it one product of matrices.
        found = [torch.softmax(keys @ (asking @ Q).transpose(-2, -1), dim=1) for Q in self.Q[layer]]
        attention = found[0] if len(found) == 1 else torch.stack(found).mean(dim=0)
        return attention.transpose(1, 2)

    def attention(self, masked: Tensor) -> Tensor:
        """Attention of every query to every input patch, (B, P, P): the layers' product."""
        attention = self._layer(masked, 0)
        if self.layers == 2:
            attention = self._layer(attention @ masked, 1) @ attention
        return attention

    def forward(self, masked: Tensor) -> Tensor:
        """F_p for MAE, (B, P, d); their mean over p for CL, (B, d)."""
        return self.output(self.attention(masked), masked)

    def output(self, attention: Tensor, masked: Tensor) -> Tensor:
        """The same, from the attention that the network pays to these patches."""
        if self.objective == "cl":
            attention = attention.mean(dim=1, keepdim=True)
        out = attention @ masked
        if not self.plain_values:
            out = out @ self.W
        return out if self.objective == "mae" else out.squeeze(1)


def _reconstruction(F: Tensor, batch: Batch) -> Tensor:
    """Σ_p L_p on a batch from the outputs F (B, P, d), a scalar."""
    error = (F - batch.X) * ~batch.visible[:, :, None]
    return 0.5 * error.square().sum() / len(batch.X)


def _contrast(
    anchor: Tensor,
    network: Network,
    setting: Setting,
    perturbation: Perturbation,
    against: tuple[Batch, Batch],
) -> Tensor:
    """L_cl on a batch whose positives share their negatives, without weight decay, a scalar.

    anchor: outputs (B, d) of the first views; against: the second views, and the negatives.
    Sharing leaves the expectation of the gradient as it is: each positive still meets N_c
    independent samples, and the expectation of a mean over positives needs no independence.
    """
    second, negatives = against
    with torch.set_grad_enabled(not perturbation.stop_gradient and torch.is_grad_enabled()):
        positive, others = network(second.masked), network(negatives.masked)
    if perturbation.normalised:
        anchor, positive, others = (
            torch.nn.functional.normalize(F, dim=-1) for F in (anchor, positive, others)
        )
    similar = torch.cat([(anchor * positive).sum(dim=1, keepdim=True), anchor @ others.T], dim=1)
    tau = setting.contrastive.tau
    return -tau * torch.log_softmax(similar / tau, dim=1)[:, 0].mean()


# ------------------------------------------------------------------------------------- observation

KINDS = ("local", "global")


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What queries of one kind do, at every moment: lists of numbers, one per moment.

    Queries are pairs (sample, patch) whose patch lies in a local or in the global area of the
    sample's cluster; for MAE only masked ones whose own area has a visible patch.
    own_attention, global_attention: means over queries. least_own, least_global: the smallest mean
    over samples that a pair (cluster, patch) has. own_largest, global_largest: share of queries
    whose largest area attention is that area's. phi_own, phi_global: means over pairs (cluster,
    patch). phi_other, upsilon_own, upsilon_global, upsilon_other: largest moduli, positions by the
    area that holds them. loss_gap: of L_p - L*_p, the part due to this kind, for the worst patch.
    """

    own_attention: tuple[float, ...]
    least_own: tuple[float, ...]
    global_attention: tuple[float, ...]
    least_global: tuple[float, ...]
    own_largest: tuple[float, ...]
    global_largest: tuple[float, ...]
    phi_own: tuple[float, ...]
    phi_global: tuple[float, ...]
    phi_other: tuple[float, ...]
    upsilon_own: tuple[float, ...]
    upsilon_global: tuple[float, ...]
    upsilon_other: tuple[float, ...]
    loss_gap: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Observed:
    """A trained model, seen on samples that training has not seen. All fields are JSON-ready.

    times: η·steps of every moment, the start first. loss: the objective at each moment, on the same
    samples, without weight decay; for MAE Σ_p L_p. local, global_: see Seen. learned: at the end,
    mean attention to area j over samples, queries and clusters. none_visible: share of samples
    (both of views) with no visible patch of the global area. row_spread: largest distance between
    two rows e_pᵀQ over the length of the longest, at the end. shift: largest |Σ_q Υ_{p→q}| over the
    largest |Υ|. least_own_step: smallest change of any Φ_{p→v_n} from a moment to the next.
    diversity: attention diversity D of the trained model. reconstruction: mean of ½‖F_p - X_p‖² on
    masked local patches with a visible own area, F_p the attention-weighted sum of patches; blank:
    the same for F_p = 0.
    diverged: whether training met a number that is not finite; then the rest is of the last moment
    before.
    """

    objective: Objective
    diverged: bool
    step: float
    steps: int
    times: tuple[float, ...]
    loss: tuple[float, ...]
    local: Seen
    global_: Seen
    learned: tuple[float, ...]
    none_visible: float
    row_spread: float
    shift: float
    least_own_step: float
    diversity: float
    reconstruction: float
    blank: float

    @property
    def kinds(self) -> dict[str, Seen]:
        """What is seen, by kind of query."""
        return {"local": self.local, "global": self.global_}

    @classmethod
    def of(cls, record: dict[str, Any]) -> Observed:
        """From `dataclasses.asdict`, lists in place of tuples allowed."""

        def number(value: Any) -> Any:
            return float(value) if isinstance(value, str) else value  # JSON has no NaN

        def listed(value: Any) -> Any:
            return tuple(map(number, value)) if isinstance(value, list) else value

        plain = {
            name: listed(value) if name == "objective" else number(listed(value))
            for name, value in record.items()
        }
        for name in ("local", "global_"):
            plain[name] = Seen(**{key: listed(value) for key, value in record[name].items()})
        return cls(**plain)

    def half(self, kind: str) -> float | None:
        """T_½: when mean own (MAE) or global (CL) attention reaches ½; None when never."""
        seen = self.kinds[kind]
        height = seen.own_attention if self.objective == "mae" else seen.global_attention
        return _crossing(self.times, [a - 0.5 for a in height])

    def switch(self, kind: str = "local") -> float | None:
        """T_1: when Φ_n begins to grow faster than Φ_1 falls; None when it always does."""
        seen = self.kinds[kind]
        ahead = np.diff(seen.phi_own) + np.diff(seen.phi_global)
        if not len(ahead) or ahead[0] > 0:
            return None
        middle = (np.array(self.times[1:]) + np.array(self.times[:-1])) / 2
        return _crossing(middle.tolist(), ahead.tolist())


def _crossing(times: Sequence[float], height: Sequence[float]) -> float | None:
    """When `height` first is at least 0, interpolated."""
    above = [i for i, h in enumerate(height) if h >= 0]
    if not above:
        return None
    i = above[0]
    if i == 0:
        return float(times[0])
    share = -height[i - 1] / (height[i] - height[i - 1])
    return float(times[i - 1] + share * (times[i] - times[i - 1]))


class _Observer:
    """Looks at a network in training, always on the same samples."""

    def __init__(
        self,
        setting: Setting,
        perturbation: Perturbation,
        where: World,
        objective: Objective,
        rng: np.random.Generator,
    ) -> None:
        self.setting, self.perturbation = setting, perturbation
        self.where, self.objective = where, objective
        self.batch = draw(setting, perturbation, where, EVALUATED, rng)
        self.against = _against(setting, perturbation, where, self.batch, rng)
        batch, N = self.batch, setting.areas
        visible = batch.visible.numpy()
        self.area = where.area_of[batch.cluster]
        member = np.eye(N)[self.area]
        self.shown = member * visible[:, :, None]
        self.visible_count = self.shown.sum(axis=1)
        own_seen = np.take_along_axis(self.visible_count, self.area, axis=1) > 0
        self.answerable = ~visible & own_seen
        self.asks = self.answerable if objective == "mae" else np.ones_like(visible)
        self.masked = ~visible
        self.series: dict[str, dict[str, list[float]]] = {
            kind: {f.name: [] for f in dataclasses.fields(Seen)} for kind in KINDS
        }
        self.loss: list[float] = []
        self.own_phi: list[Floats] = []

    def look(self, network: Network) -> bool:
        """Take down one moment; False, and nothing taken down, when a number is not finite."""
        with torch.no_grad():
            masked = self.batch.masked
            attention = network.attention(masked)
            loss = float(self._loss(network, network.output(attention, masked)))
            F = (attention @ masked).numpy()
        if not (math.isfinite(loss) and np.isfinite(F).all()):
            return False
        self.loss.append(loss)
        self.attention = attention.numpy()
        self.error = 0.5 * ((F - self.batch.X.numpy()) ** 2).sum(axis=2)
        self.A = self.attention @ self.shown
        self.Q = network.Q.detach()[0].mean(dim=0).numpy()
        self._take_down()
        return True

    def _loss(self, network: Network, out: Tensor) -> Tensor:
        if self.objective == "mae":
            return _reconstruction(out, self.batch)
        return _contrast(out, network, self.setting, self.perturbation, self.against)

    def _take_down(self) -> None:
        """Every series of every kind of query."""
        cluster, area = self.batch.cluster, self.area
        own = np.take_along_axis(self.A, area[:, :, None], axis=2)[:, :, 0]
        best = self.A.argmax(axis=2)
        E, V = self.where.E, self.where.V
        phi = np.einsum("pd,knd->kpn", E @ self.Q, V)
        upsilon = E @ self.Q @ E.T
        # Of the masked patch itself nothing tells its jitter (of variance j²/3) and its noise.
        variance = self.perturbation.latent_jitter**2 / 3
        unknown = np.where(self.answerable, variance / (1 + variance), 1.0)
        lowest = unknown * self.batch.z**2 / 2 + self.perturbation.noise**2 / 2
        excess = np.where(self.masked, self.error - lowest, 0.0)
        areas = self.where.area_of
        own_phi = np.take_along_axis(phi, areas[:, :, None], axis=2)[:, :, 0]
        self.own_phi.append(own_phi)
        number = np.arange(self.setting.areas)
        other = np.where((number == areas[:, :, None]) | (number == 0), 0.0, phi)
        same = areas[:, :, None] == areas[:, None, :]
        in_global = np.broadcast_to((areas == 0)[:, None, :], same.shape)
        for kind in KINDS:
            there = (areas == 0) == (kind == "global")  # (K, P)
            asked = self.asks & there[cluster]
            take = self.series[kind]
            for name, values in (("own", own), ("global", self.A[:, :, 0])):
                take[f"{name}_attention"].append(_mean(values[asked]))
                take[f"least_{name}"].append(self._least(values, asked))
            take["own_largest"].append(_mean((best == area)[asked]))
            take["global_largest"].append(_mean((best == 0)[asked]))
            take["phi_own"].append(_mean(own_phi[there]))
            take["phi_global"].append(_mean(phi[:, :, 0][there]))
            take["phi_other"].append(_largest(other[there]))
            rows = np.broadcast_to(upsilon, same.shape)
            for name, keys in (
                ("own", same),
                ("global", in_global & ~same),
                ("other", ~in_global & ~same),
            ):
                take[f"upsilon_{name}"].append(_largest(np.where(keys, rows, 0.0)[there]))
            part = np.where(there[cluster], excess, 0.0).mean(axis=0)
            take["loss_gap"].append(float(part.max()))

    def _least(self, values: Floats, asked: data.Bools) -> float:
        """The smallest mean over samples that a pair (cluster, patch) has."""
        least = math.inf
        for k in range(self.setting.K):
            chosen = self.batch.cluster == k
            count = asked[chosen].sum(axis=0)
            total = np.where(asked[chosen], values[chosen], 0.0).sum(axis=0)
            if (count > 0).any():
                least = min(least, float((total[count > 0] / count[count > 0]).min()))
        return least if math.isfinite(least) else math.nan

    def observed(
        self, *, diverged: bool, step: float, steps: int, times: Sequence[float]
    ) -> Observed:
        """The record of a run."""
        rows = self.where.E @ self.Q
        longest = float(np.linalg.norm(rows, axis=1).max())
        upsilon = rows @ self.where.E.T
        largest = float(np.abs(upsilon).max())
        spread = float(np.linalg.norm(rows[:, None] - rows[None], axis=2).max())
        local = self.answerable & (self.area != 0)
        blank = 0.5 * (self.batch.X.numpy() ** 2).sum(axis=2)
        samples = data.Samples(
            self.batch.cluster,
            np.empty((len(self.batch.z), 0)),
            self.batch.visible.numpy(),
            np.full(len(self.batch.z), 1 / len(self.batch.z)),
        )
        few = samples.take(slice(0, 64))
        seen = (self.batch.visible, self.against[0].visible)
        hidden = [~(v.numpy() & (self.area == 0)).any(axis=1) for v in seen]
        changes = np.diff(np.array(self.own_phi), axis=0)
        return Observed(
            objective=self.objective,
            diverged=diverged,
            step=step,
            steps=steps,
            times=tuple(times[: len(self.loss)]),
            loss=tuple(self.loss),
            local=Seen(**{name: tuple(v) for name, v in self.series["local"].items()}),
            global_=Seen(**{name: tuple(v) for name, v in self.series["global"].items()}),
            learned=tuple(float(a) for a in self.A[self.asks].mean(axis=0)),
            none_visible=float(np.mean(hidden)),
            row_spread=spread / longest if longest else 0.0,
            shift=float(np.abs(upsilon.sum(axis=1)).max()) / largest if largest else 0.0,
            least_own_step=float(changes.min()) if changes.size else 0.0,
            diversity=correlations.diversity(few, self.A[:64], masked_only=self.objective == "mae"),
            reconstruction=_mean(self.error[local]),
            blank=_mean(blank[local]),
        )


def _mean(values: Floats | data.Bools) -> float:
    return float(values.mean()) if values.size else math.nan


def _largest(values: Floats) -> float:
    return float(np.abs(values).max()) if values.size else 0.0


# ---------------------------------------------------------------------------------------- training


def _against(
    setting: Setting,
    perturbation: Perturbation,
    where: World,
    first: Batch,
    rng: np.random.Generator,
) -> tuple[Batch, Batch]:
    """What the first views are contrasted with: the second views, and N_c negatives for all."""
    details = setting.contrastive
    if details.views == "complementary":
        other = ~first.visible.numpy()
    else:
        other = masks(setting, perturbation, len(first.z), rng)
    negatives = draw(setting, perturbation, where, int(details.negatives), rng)
    return first.under(other), negatives


def train(
    setting: Setting,
    objective: Objective,
    perturbation: Perturbation,
    *,
    time: float,
    step: float,
    seed: int,
) -> Observed:
    """Train a model of P small for a time t = η·steps under a perturbation, and look at it.

    time, step: of the unperturbed training; `step_factor` multiplies the step, so that the time is
    kept, down to 2·MOMENTS steps. With two heads either takes steps of twice that size, as their
    average passes half of the gradient to each. A run is a function of its arguments. Numbers that
    are not finite end it early (`diverged`). SettingError for what cannot be laid out.
    """
    if objective == "cl" and not 1 <= setting.contrastive.negatives < math.inf:
        raise SettingError("training needs at least one and finitely many negatives")
    rng = np.random.default_rng(seed)
    where = world(setting, perturbation)
    network = Network(setting, objective, perturbation, where, rng)
    eta = step * perturbation.step_factor
    steps = max(2 * MOMENTS, math.ceil(time / eta))
    size = perturbation.batch or BATCH[objective]
    optimiser = _optimiser(network, perturbation, eta * perturbation.heads)
    observer = _Observer(setting, perturbation, where, objective, np.random.default_rng([seed, 1]))
    looks = {round(share * steps) for share in LOOKS}
    times = [eta * n for n in sorted(looks)]
    finite = observer.look(network)
    for n in range(1, steps + 1):
        batch = draw(setting, perturbation, where, size, rng)
        optimiser.zero_grad()
        out = network(batch.masked)
        if objective == "mae":
            loss = _reconstruction(out, batch)
        else:
            against = _against(setting, perturbation, where, batch, rng)
            loss = _contrast(out, network, setting, perturbation, against)
        decay = perturbation.weight_decay + setting.contrastive.weight_decay
        if decay:
            loss = loss + 0.5 * decay * network.Q.square().sum()
        loss.backward()
        optimiser.step()
        if n in looks:
            finite = observer.look(network)
            if not finite:
                break
    return observer.observed(diverged=not finite, step=eta, steps=steps, times=times)


def _optimiser(network: Network, perturbation: Perturbation, eta: float) -> torch.optim.Optimizer:
    adam = perturbation.optimiser == "adam"
    rate = ADAM_RATE * perturbation.step_factor if adam else eta
    groups = [{"params": [network.Q], "lr": rate}]
    if perturbation.value_training:
        groups.append({"params": [network.W], "lr": rate * perturbation.value_training})
    if adam:
        return torch.optim.Adam(groups)
    return torch.optim.SGD(groups, lr=rate, momentum=perturbation.momentum)
