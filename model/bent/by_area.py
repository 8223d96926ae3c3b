"""By area: a step of one layer, and its gradient, on one patch per area in place of all.

Where patches of an area are copies, e_pᵀQ(e_q + X_q) is a_pq + z_n e_pᵀQv_n with n the area of q.
A softmax over P patches is then one over N + 1: masked ones, and the visible ones of each area,
which weigh Σ exp(a_pq) over those that are visible, or as many as they are where keys are features
alone. No array of samples, queries and keys is made, and gradients are written out: both are
those of `network` to rounding, at a tenth of the time. All of it is NumPy, as arrays are so small
that calls take as long as numbers, of which NumPy's take half of torch's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from refutable.model.bent.drawing import Samples, clusters
from refutable.model.bent.network import Network
from refutable.model.bent.perturbation import Perturbation
from refutable.model.bent.world import World
from refutable.model.setting import Setting
from refutable.model.shapes import Array, Float

FAR = 300.0
"""Correlations z e_pᵀQv up to which exponentials are taken of them as they are: exp(300) and
exp(-300) leave room for sums and products, and positions weigh 1 at the largest."""
SHORTEST = 1e-12
"""What outputs are divided by at least when their length is made 1, as torch has it."""


class OutOfRangeError(ArithmeticError):
    """Exponentials would leave the range in which a step by area is exact to rounding."""


def applies(setting: Setting, perturbation: Perturbation, network: Network) -> bool:
    """Whether patches of an area are copies, asked for by position, in one layer.

    And on a processor: a GPU would wait for every call, and has the plain network.
    """
    by_position = network.objective == "mae" or setting.contrastive.query == "position"
    told_apart = perturbation.noise or perturbation.latent_jitter
    here = network.Q.device.type == "cpu"
    return by_position and not told_apart and network.layers == 1 and here


def ask_alike(setting: Setting, perturbation: Perturbation, network: Network) -> bool:
    """Whether e_pᵀQ stays the same for all p in training, so that one query serves for all.

    Where rows e_pᵀQ are equal, all queries read the same, and pass on the same gradient g: Q moves
    by ē ⊗ g, with ē the mean of the e_p, and rows by (e_pᵀē) g. They stay equal when all e_pᵀē are,
    when they are at the start, and when steps are linear in gradients (descent, momentum, decay);
    Adam scales entry by entry, which keeps them equal where positions are axes, whose rows of Q
    then move alike. This is cl.rank-one, which is tried on every training all the same: steps at
    which a model is looked at are taken with all queries.
    """
    if network.objective != "cl" or setting.contrastive.query != "position":
        return False
    if network.layers > 1 or network.heads > 1 or perturbation.init_scale:
        return False
    E = network.positions.cpu().numpy()
    if perturbation.optimiser == "adam":
        return np.array_equal(E, np.eye(*E.shape))
    along = E @ E.mean(axis=0)
    return bool(np.ptp(along) <= 1e-14 * np.abs(along).max())


@dataclass(frozen=True, eq=False)
class Counted:
    """S samples by area, for one step or for T of them; samples come last, as sums are over areas.

    z: (N, S). shown: how many patches are masked, and visible of every area, (N + 1, S); where keys
    say their position, which ones are, (P, N + 1, S).
    """

    z: Float[Array, "*T N S"]
    shown: Float[Array, "*T n S"] | Float[Array, "*T P n S"]


@dataclass(frozen=True, eq=False)
class Reading:
    """What p queries of a head read of S samples.

    among: exp(a_pq) up to a factor for each query, (p, P); None where keys are features alone.
    raised: exp(z e_pᵀQv), (p, N, S). total: what the softmax divides by, (p, 1, S). attention: to
    the visible patches of every area, (p, N, S).
    """

    among: Float[Array, "p P"] | None
    raised: Float[Array, "p N S"]
    total: Float[Array, "p 1 S"]
    attention: Float[Array, "p N S"]


@dataclass(frozen=True, eq=False)
class Taken:
    """A loss without weight decay, and its gradients.

    of_Q: (H, d, d). of_W: (d, d); None where W is not trained.
    """

    loss: float
    of_Q: Float[Array, "H d d"]
    of_W: Float[Array, "d d"] | None


Towards = tuple[float, Float[Array, "p N s"], Float[Array, "d d"] | None]
"""A loss, its gradient in what queries read, and in W where that is trained."""


class ByArea:
    """The loss of a network, and its gradient, on samples of which a step is taken on `size`."""

    def __init__(
        self,
        setting: Setting,
        perturbation: Perturbation,
        where: World,
        network: Network,
        size: int,
    ) -> None:
        self.objective, self.placed, self.size = network.objective, network.placed, size
        self.tau, self.perturbation = setting.contrastive.tau, perturbation
        K, N, d = where.V.shape
        self.cluster = np.concatenate(clusters(setting, network.objective, size))
        self.largest = float(np.abs(setting.latents.values).max())
        self.E, self.V = where.E, where.V.transpose(1, 0, 2).reshape(N * K, d)
        # Views: of what is trained, as it is by then.
        self.Q, self.W = network.Q.detach()[0].numpy(), network.W.detach().numpy()
        self.plain_values, self.trains_values = network.plain_values, network.W.requires_grad
        gram = self.V @ self.V.T
        within = np.einsum("nkmk->knm", gram.reshape(N, K, N, K))
        self.orthonormal = bool((within == np.eye(N)).all())  # features of a cluster
        self.across = bool((gram == np.eye(N * K)).all())  # and those of different ones
        self.of_cluster = np.eye(K)[:, self.cluster]
        self.members = np.eye(N)[where.area_of]  # (K, P, N); of samples (P, N, S):
        self.member = np.ascontiguousarray(self.members[self.cluster].transpose(1, 2, 0))
        self.shape = N, K

    def each(self, samples: Samples) -> Iterator[Counted]:
        """Samples of many steps by area, step by step."""
        counted = self.count(samples)
        return map(Counted, counted.z, counted.shown)

    def count(self, samples: Samples) -> Counted:
        """Samples by area, those of many steps at once where they have an axis more."""
        z = np.concatenate([drawn.z for drawn in samples], axis=-2).swapaxes(-1, -2)
        visible = np.concatenate([drawn.visible for drawn in samples], axis=-2)
        *many, S, P = visible.shape
        N, K = self.shape
        if self.placed:
            seen = np.ascontiguousarray(visible.swapaxes(-1, -2), dtype=float)
            shown = np.empty((*many, P, N + 1, S))
            np.subtract(1, seen, out=shown[..., 0, :])
            np.multiply(seen[..., None, :], self.member, out=shown[..., 1:, :])
        else:
            shown = np.empty((*many, N + 1, S))
            for k in range(K):
                here = self.cluster == k
                count = visible[..., here, :].astype(float) @ self.members[k]
                shown[..., 1:, here] = count.swapaxes(-1, -2)
            np.subtract(P, shown[..., 1:, :].sum(axis=-2), out=shown[..., 0, :])
        return Counted(np.ascontiguousarray(z), shown)

    def read(self, rows: Float[Array, "p d"], counted: Counted) -> Reading:
        """What queries with these rows e_pᵀQ read.

        OutOfRangeError where correlations are above FAR.
        """
        N, K = self.shape
        of_features = rows @ self.V.T
        if not np.abs(of_features).max() * self.largest <= FAR:  # or no number
            raise OutOfRangeError
        raised = (of_features.reshape(-1, K) @ self.of_cluster).reshape(len(rows), N, -1)
        raised *= counted.z
        np.exp(raised, out=raised)
        among, weighed = None, counted.shown[None]
        if self.placed:
            P, n, S = counted.shown.shape
            among = rows @ self.E.T
            among -= among.max(axis=1, keepdims=True)
            np.exp(among, out=among)
            weighed = (among @ counted.shown.reshape(P, n * S)).reshape(-1, n, S)
        attention = weighed[:, 1:] * raised
        total = attention.sum(axis=1, keepdims=True)
        total += weighed[:, :1]
        attention /= total
        return Reading(among, raised, total, attention)

    def _of_rows(
        self, reading: Reading, counted: Counted, towards: Float[Array, "p N s"]
    ) -> Float[Array, "p d"]:
        """Gradient of the rows from that of what is read, Σ_n attention·z_n in each feature.

        It may be that of the first samples only.
        """
        p, N, s = towards.shape
        z, attention = counted.z[:, :s], reading.attention[..., :s]
        over = towards * z
        mean = np.einsum("pns,pns->ps", attention, over)[:, None]
        over -= mean
        of_scores = attention * over
        of_scores *= z
        of_features = of_scores.reshape(p * N, s) @ self.of_cluster[:, :s].T
        of_rows: Float[Array, "p d"] = of_features.reshape(p, -1) @ self.V
        if reading.among is None:
            return of_rows
        by_kind = np.empty((p, N + 1, s))
        np.negative(mean, out=by_kind[:, :1])
        np.multiply(over, reading.raised[..., :s], out=by_kind[:, 1:])
        by_kind /= reading.total[..., :s]
        shown = counted.shown[..., :s].reshape(-1, (N + 1) * s)
        of_positions = by_kind.reshape(p, -1) @ shown.T
        of_positions *= reading.among
        of_rows += of_positions @ self.E
        return of_rows

    def _read_by(
        self, asking: Float[Array, "p d"], counted: Counted
    ) -> tuple[list[Reading], Float[Array, "p N S"]]:
        """What the heads read, and the mean of their attention."""
        readings = [self.read(asking @ head, counted) for head in self.Q]
        attention = readings[0].attention
        if len(readings) > 1:
            attention = np.mean([reading.attention for reading in readings], axis=0)
        return readings, attention

    def look(
        self, asking: Float[Array, "p d"], counted: Counted
    ) -> tuple[float, Float[Array, "p N S"]]:
        """Loss and attention, the mean of the heads', where `asking` are the queries.

        OutOfRangeError where correlations are above FAR.
        """
        _, attention = self._read_by(asking, counted)
        loss, *_ = self._objective(attention * counted.z, counted)
        return loss, attention

    def step(self, asking: Float[Array, "p d"], counted: Counted) -> Taken:
        """Loss and gradients where `asking` are the queries, all e_p or the mean of them.

        OutOfRangeError where correlations are above FAR.
        """
        readings, attention = self._read_by(asking, counted)
        loss, towards, of_W = self._objective(attention * counted.z, counted)
        if len(readings) > 1:
            towards = towards / len(readings)
        of_Q = [asking.T @ self._of_rows(reading, counted, towards) for reading in readings]
        return Taken(loss, np.stack(of_Q), of_W)

    def _objective(self, read: Float[Array, "p N S"], counted: Counted) -> Towards:
        """What follows from what is read; for CL gradients of the views that pass one on."""
        if self.objective == "cl":
            return self._contrast(read)
        if not (self.plain_values and self.orthonormal):
            return self._reconstruction(read, counted)
        error = read - self.member * counted.z
        towards = error * (counted.shown[:, :1] / self.size)
        return 0.5 * float(np.vdot(error, towards)), towards, None

    def _reconstruction(self, read: Float[Array, "P N B"], counted: Counted) -> Towards:
        """The same by inner products of features, as they are and as W makes them."""
        B, (N, K), W = self.size, self.shape, self.W
        hidden = counted.shown[:, :1]
        read, wanted = hidden * read, hidden * self.member * counted.z
        towards, of_W, loss = np.empty_like(read), np.zeros_like(W), 0.0
        for k in range(K):
            here = self.cluster == k
            V = self.V[k::K]
            values = V @ W
            ours, theirs = read[..., here], wanted[..., here]
            of_ours, of_theirs = (values @ values.T) @ ours, (values @ V.T) @ theirs
            loss += 0.5 * float(
                np.vdot(of_ours - 2 * of_theirs, ours) + np.vdot((V @ V.T) @ theirs, theirs)
            )
            towards[..., here] = (of_ours - of_theirs) / B
            if self.trains_values:
                ours, theirs = (part.swapaxes(0, 1).reshape(N, -1) for part in (ours, theirs))
                of_W += V.T @ ((ours @ ours.T) @ values - (ours @ theirs.T) @ V) / B
        return loss / B, towards, of_W if self.trains_values else None

    def _contrast(self, read: Float[Array, "p N S"]) -> Towards:
        """The loss of CL on first views, second ones and negatives, one after the other."""
        p, B, (N, K) = len(read), self.size, self.shape
        mean = read[0] if p == 1 else read.mean(axis=0)
        own = self.of_cluster.T[:, None]
        pooled = (mean.T[:, :, None] * own).reshape(-1, N * K)
        values = self.V if self.plain_values else self.V @ self.W
        plain = self.plain_values and self.across  # V Vᵀ = I: coordinates in features will do
        F = pooled if plain else pooled @ values
        length = None
        if self.perturbation.normalised:
            length = np.maximum(np.sqrt(np.einsum("sd,sd->s", F, F)), SHORTEST)[:, None]
            F = F / length
        anchors, positives, negatives = F[:B], F[B : 2 * B], F[2 * B :]
        similar = np.empty((B, 1 + len(negatives)))
        np.einsum("sd,sd->s", anchors, positives, out=similar[:, 0])
        np.matmul(anchors, negatives.T, out=similar[:, 1:])
        similar -= similar.max(axis=1, keepdims=True)
        similar /= self.tau
        pull = np.exp(similar)
        total = pull.sum(axis=1, keepdims=True)
        loss = self.tau * float(np.mean(np.log(total[:, 0]) - similar[:, 0]))
        pull /= total
        pull[:, 0] -= 1
        pull /= B * p
        towards = pull[:, :1] * positives
        towards += pull[:, 1:] @ negatives
        if not self.perturbation.stop_gradient:
            others = pull[:, :1] * anchors, pull[:, 1:].T @ anchors
            towards = np.concatenate([towards, *others])
        s = len(towards)
        if length is not None:
            along = np.einsum("sd,sd->s", towards, F[:s])[:, None] * (length[:s] > SHORTEST)
            towards = (towards - along * F[:s]) / length[:s]
        of_W = self.V.T @ (pooled[:s].T @ towards) * p if self.trains_values else None
        if not plain:
            towards = towards @ values.T
        of_mean = np.einsum("snk,ks->ns", towards.reshape(s, N, K), self.of_cluster[:, :s])
        return loss, np.broadcast_to(of_mean, (p, N, s)), of_W
