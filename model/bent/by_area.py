"""By area: a step of one layer, and its gradient, on one patch per area in place of all.

Where patches of an area are copies, e_pᵀQ(e_q + X_q) is a_pq + z_n e_pᵀQv_n with n the area of q.
A softmax over P patches is then one over N + 1: masked ones, and the visible ones of each area,
which weigh Σ exp(a_pq) over those that are visible, or as many as they are where keys are features
alone. No array of samples, queries and keys is made, and gradients are written out: both are
those of `network` to rounding, at a tenth of the time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from refutable.model.bent.drawing import Samples, clusters
from refutable.model.bent.network import Network
from refutable.model.bent.perturbation import Perturbation
from refutable.model.bent.world import World
from refutable.model.setting import Setting
from refutable.model.shapes import Array, Float
from refutable.model.trajectory import Objective

FAR = 300.0
"""Correlations up to which exponentials of them are taken as they are: exp(300) and exp(-300) leave
room for sums and products, and positions weigh 1 at the largest."""
SHORTEST = 1e-12
"""What outputs are divided by at least when their length is made 1, as torch has it."""


def applies(setting: Setting, objective: Objective, perturbation: Perturbation) -> bool:
    """Whether patches of an area are copies, asked for by position, in one layer."""
    by_position = objective == "mae" or setting.contrastive.query == "position"
    told_apart = perturbation.noise or perturbation.latent_jitter
    return by_position and not told_apart and perturbation.layers == 1


def ask_alike(network: Network, perturbation: Perturbation) -> bool:
    """Whether e_pᵀQ stays the same for all p in training, so that one query serves for all.

    Where rows e_pᵀQ are equal, all queries read the same, and pass on the same gradient g: Q moves
    by ē ⊗ g, with ē the mean of the e_p, and rows by (e_pᵀē) g. They stay equal when all e_pᵀē are,
    when they are at the start, and when steps are linear in gradients (descent, momentum, decay);
    Adam scales entry by entry, which keeps them equal where positions are axes, whose rows of Q
    then move alike. This is cl.rank-one, which is tried on every training all the same: steps at
    which a model is looked at are taken with all queries.
    """
    if network.objective != "cl" or network.heads > 1 or perturbation.init_scale:
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

    z: Float[Tensor, "*T N S"]
    shown: Float[Tensor, "*T n S"] | Float[Tensor, "*T P n S"]

    def one_by_one(self) -> Iterator[Counted]:
        """Those of each of many steps."""
        return map(Counted, self.z.unbind(), self.shown.unbind())


@dataclass(frozen=True, eq=False)
class Reading:
    """What p queries of a head read of S samples.

    among: exp(a_pq) up to a factor for each query, (p, P); None where keys are features alone.
    raised: exp(z e_pᵀQv), (p, N, S). total: what the softmax divides by, (p, 1, S). attention: to
    the visible patches of every area, (p, N, S). reach: the largest |z e_pᵀQv|.
    """

    among: Float[Tensor, "p P"] | None
    raised: Float[Tensor, "p N S"]
    total: Float[Tensor, "p 1 S"]
    attention: Float[Tensor, "p N S"]
    reach: Float[Tensor, ""]


@dataclass(frozen=True, eq=False)
class Measured:
    """A loss without weight decay. reach: the largest |z e_pᵀQv| that was met."""

    loss: Float[Tensor, ""]
    reach: Float[Tensor, ""]

    @property
    def exact(self) -> bool:
        """Whether all exponentials were in the range in which this is exact to rounding."""
        return float(self.reach) <= FAR


@dataclass(frozen=True, eq=False)
class Attended(Measured):
    """And the attention of the queries, (p, N, S), the mean of the heads'."""

    attention: Float[Tensor, "p N S"]


@dataclass(frozen=True, eq=False)
class Taken(Measured):
    """And the gradients: of_Q (H, d, d), of_W (d, d), None where W is not trained."""

    of_Q: Float[Tensor, "H d d"]
    of_W: Float[Tensor, "d d"] | None


Towards = tuple[Float[Tensor, ""], Float[Tensor, "#p N s"], Float[Tensor, "d d"] | None]
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
        self.network, self.perturbation, self.size = network, perturbation, size
        K, N, d = where.V.shape
        cluster = np.concatenate(clusters(setting, network.objective, size))
        self.largest = float(np.abs(setting.latents.values).max())
        flat = where.V.transpose(1, 0, 2).reshape(N * K, d)
        gram = flat @ flat.T
        within = np.einsum("nkmk->knm", gram.reshape(N, K, N, K))
        self.orthonormal = bool((within == np.eye(N)).all())
        self.across = bool((gram == np.eye(N * K)).all())

        def tensor(array: Array) -> Tensor:
            return torch.from_numpy(np.ascontiguousarray(array)).to(where.device)

        self.of_cluster = tensor(np.eye(K)[:, cluster])
        self.member = tensor(np.eye(N)[where.area_of[cluster]].transpose(1, 2, 0))
        self.V = tensor(flat)
        self.shape = N, K

    def count(self, samples: Samples) -> Counted:
        """Samples by area, those of many steps at once where they have an axis more."""
        device = self.V.device
        z, seen = (
            torch.from_numpy(np.concatenate(parts, axis=-2)).to(device).mT
            for parts in zip(*((drawn.z, drawn.visible) for drawn in samples), strict=True)
        )
        seen = seen.to(z.dtype, memory_format=torch.contiguous_format)
        shown = seen.new_empty((*seen.shape[:-1], self.shape[0] + 1, seen.shape[-1]))
        shown[..., 0, :] = 1 - seen
        torch.mul(seen[..., None, :], self.member, out=shown[..., 1:, :])
        if not self.network.placed:
            shown = shown.sum(dim=-3)
        return Counted(z.contiguous(), shown)

    def read(self, rows: Float[Tensor, "p d"], counted: Counted) -> Reading:
        """What queries with these rows e_pᵀQ read."""
        N, K = self.shape
        of_features = rows @ self.V.T
        raised = (of_features.view(-1, K) @ self.of_cluster).view(-1, N, self.of_cluster.shape[1])
        raised = raised.mul_(counted.z).exp_()
        among, weighed = None, counted.shown
        if self.network.placed:
            among = rows @ self.network.positions.T
            among = among.sub_(among.amax(dim=1, keepdim=True)).exp_()
            weighed = (among @ weighed.flatten(1)).view(-1, *weighed.shape[1:])
        weights = weighed[..., 1:, :] * raised
        total = weights.sum(dim=1, keepdim=True).add_(weighed[..., :1, :])
        reach = of_features.abs().amax() * self.largest
        return Reading(among, raised, total, weights.div_(total), reach)

    def _of_rows(
        self, reading: Reading, counted: Counted, towards: Float[Tensor, "#p N s"]
    ) -> Float[Tensor, "p d"]:
        """Gradient of the rows from that of what is read, Σ_n attention·z_n in each feature.

        It may be that of the first samples only.
        """
        some = slice(0, towards.shape[2])
        z, attention = counted.z[:, some], reading.attention[..., some]
        over = towards * z
        mean = (attention * over).sum(dim=1, keepdim=True)
        over = over - mean
        of_features = (attention * over).mul_(z).flatten(0, 1) @ self.of_cluster[:, some].T
        of_rows = of_features.view(len(mean), -1) @ self.V
        if reading.among is None:
            return of_rows
        P, n, _ = counted.shown.shape
        by_kind = over.new_empty((len(mean), n, towards.shape[2]))
        torch.neg(mean[:, 0], out=by_kind[:, 0])
        torch.mul(over, reading.raised[..., some], out=by_kind[:, 1:])
        by_kind.div_(reading.total[..., some])
        of_positions = by_kind.flatten(1) @ counted.shown[..., some].reshape(P, -1).T
        return of_rows.addmm_(of_positions.mul_(reading.among), self.network.positions)

    def _read_by(
        self, asking: Float[Tensor, "p d"], counted: Counted
    ) -> tuple[list[Reading], Float[Tensor, "p N S"], Float[Tensor, ""]]:
        """What the heads read, the mean of their attention, and how far correlations reach."""
        readings = [self.read(asking @ Q, counted) for Q in self.network.Q[0]]
        if len(readings) == 1:
            return readings, readings[0].attention, readings[0].reach
        attention = torch.stack([reading.attention for reading in readings]).mean(dim=0)
        return readings, attention, torch.stack([reading.reach for reading in readings]).amax()

    @torch.no_grad()
    def look(self, asking: Float[Tensor, "p d"], counted: Counted) -> Attended:
        """Loss and attention where `asking` are the queries."""
        _, attention, reach = self._read_by(asking, counted)
        loss, *_ = self._objective(attention * counted.z, counted)
        return Attended(loss, reach, attention)

    @torch.no_grad()
    def step(self, asking: Float[Tensor, "p d"], counted: Counted) -> Taken:
        """Loss and gradients where `asking` are the queries, all e_p or the mean of them."""
        readings, attention, reach = self._read_by(asking, counted)
        loss, towards, of_W = self._objective(attention * counted.z, counted)
        heads = len(readings)
        of_Q = torch.stack(
            [asking.T @ self._of_rows(reading, counted, towards) for reading in readings]
        )
        return Taken(loss, reach, of_Q if heads == 1 else of_Q / heads, of_W)

    def _objective(self, read: Float[Tensor, "p N S"], counted: Counted) -> Towards:
        """What follows from what is read; for CL gradients of the views that pass one on."""
        if self.network.objective == "cl":
            return self._contrast(read)
        if self.network.plain_values and self.orthonormal:
            share = counted.shown[:, :1] / self.size
            error = torch.addcmul(read, self.member, counted.z, value=-1)
            towards = error * share
            return 0.5 * torch.dot(error.flatten(), towards.flatten()), towards, None
        return self._reconstruction(read, counted)

    def _reconstruction(self, read: Float[Tensor, "P N B"], counted: Counted) -> Towards:
        """The same by inner products of features, as they are and as W makes them."""
        B, (N, K), W = self.size, self.shape, self.network.W
        hidden = counted.shown[:, :1]
        read, wanted = hidden * read, hidden * self.member * counted.z
        towards, of_W, loss = torch.empty_like(read), torch.zeros_like(W), read.new_zeros(())
        for k in range(K):
            here = slice(k, None, K)  # the samples of cluster k
            V = self.V[here]
            values = V @ W
            ours, theirs = read[..., here], wanted[..., here]
            of_ours, of_theirs = (values @ values.T) @ ours, (values @ V.T) @ theirs
            products = of_ours * ours - 2 * of_theirs * ours + ((V @ V.T) @ theirs) * theirs
            loss += 0.5 * products.sum() / B
            towards[..., here] = (of_ours - of_theirs) / B
            if W.requires_grad:
                ours, theirs = (part.transpose(0, 1).reshape(N, -1) for part in (ours, theirs))
                of_W += V.T @ ((ours @ ours.T) @ values - (ours @ theirs.T) @ V) / B
        return loss, towards, of_W if W.requires_grad else None

    def _contrast(self, read: Float[Tensor, "p N S"]) -> Towards:
        """The loss of CL on first views, second ones and negatives, one after the other."""
        network, tau, B = self.network, self.network.details.tau, self.size
        mean = read[0] if len(read) == 1 else read.mean(dim=0)
        pooled = (mean.T[:, :, None] * self.of_cluster.T[:, None]).flatten(1)
        values = self.V if network.plain_values else self.V @ network.W
        plain = network.plain_values and self.across  # V Vᵀ = I: coordinates in features will do
        F = pooled if plain else pooled @ values
        length = None
        if self.perturbation.normalised:
            length = F.norm(dim=1, keepdim=True).clamp_min(SHORTEST)
            F = F / length
        anchors, positives, negatives = F[:B], F[B : 2 * B], F[2 * B :]
        own = (anchors * positives).sum(dim=1, keepdim=True)
        chances = torch.log_softmax(torch.cat([own, anchors @ negatives.T], dim=1) / tau, dim=1)
        loss = -tau * chances[:, 0].mean()
        pull = chances.exp_()
        pull[:, 0] -= 1
        pull /= B * len(read)
        of_own, of_others = pull[:, :1], pull[:, 1:]
        towards = torch.addcmul(of_others @ negatives, of_own, positives)
        if not self.perturbation.stop_gradient:
            towards = torch.cat([towards, of_own * anchors, of_others.T @ anchors])
        s = len(towards)
        if length is not None:
            along = (towards * F[:s]).sum(dim=1, keepdim=True) * (length[:s] > SHORTEST)
            towards = (towards - along * F[:s]) / length[:s]
        of_W = None
        if network.W.requires_grad:
            of_W = self.V.T @ (pooled[:s].T @ towards) * len(read)
        if not plain:
            towards = towards @ values.T
        N, K = self.shape
        of_own_cluster = towards.view(s, N, K) * self.of_cluster.T[:s, None]
        return loss, of_own_cluster.sum(dim=2).T[None], of_W
