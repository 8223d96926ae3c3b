"""By area: a step of one layer, and its gradient, on one patch per area in place of all.

Where patches of an area are copies, e_pᵀQ(e_q + X_q) is a_pq + z_n e_pᵀQv_n with n the area of q.
A softmax over P patches is then one over N + 1: masked ones, and the visible ones of each area,
which weigh Σ exp(a_pq) over those that are visible, or as many as they are where keys are features
alone. No array of samples, queries and keys is made, and gradients are written out: both are
those of `network` to rounding, at a tenth of the time.
"""

from __future__ import annotations

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
    """S samples by area, for one step or for T of them.

    z: (S, N). shown: how many patches are masked, and visible of every area, (S, N + 1); where keys
    say their position, which ones are, (P, S, N + 1).
    """

    z: Float[Tensor, "*T S N"]
    shown: Float[Tensor, "*T S n"] | Float[Tensor, "*T P S n"]

    def at(self, step: int) -> Counted:
        """Those of one step."""
        return Counted(self.z[step], self.shown[step])


@dataclass(frozen=True, eq=False)
class Reading:
    """What p queries of a head read of S samples.

    among: exp(a_pq) up to a factor for each query, (p, P); None where keys are features alone.
    raised: exp(z e_pᵀQv), (p, S, N). total: what the softmax divides by, (p, S, 1). attention: to
    the visible patches of every area, (p, S, N). reach: the largest |z e_pᵀQv|.
    """

    among: Float[Tensor, "p P"] | None
    raised: Float[Tensor, "p S N"]
    total: Float[Tensor, "p S 1"]
    attention: Float[Tensor, "p S N"]
    reach: Float[Tensor, ""]


@dataclass(frozen=True, eq=False)
class Taken:
    """A loss without weight decay, and its gradients.

    of_Q: (H, d, d). of_W: (d, d); None where W is not trained. attention: (p, S, N), the mean of
    the heads'. reach: the largest |z e_pᵀQv| that was met.
    """

    loss: Float[Tensor, ""]
    of_Q: Float[Tensor, "H d d"]
    of_W: Float[Tensor, "d d"] | None
    attention: Float[Tensor, "p S N"]
    reach: Float[Tensor, ""]

    @property
    def exact(self) -> bool:
        """Whether no exponential was out of the range in which a step is exact to rounding."""
        return float(self.reach) <= FAR


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
        flat = where.V.reshape(K * N, d)
        gram = flat @ flat.T
        across = gram.reshape(K, N, K, N)
        self.within = bool((np.einsum("knkm->knm", across) == np.eye(N)).all())
        self.orthonormal = bool((gram == np.eye(K * N)).all())

        def tensor(array: Array) -> Tensor:
            return torch.from_numpy(np.ascontiguousarray(array)).to(where.device)

        self.cluster, self.of_cluster = tensor(cluster), tensor(np.eye(K)[cluster])
        self.member = tensor(np.eye(N)[where.area_of[cluster]].transpose(1, 0, 2))
        self.V = tensor(flat)
        self.keys = torch.cat([self.V, network.positions]) if network.placed else self.V
        self.shape = K, N

    def count(self, samples: Samples) -> Counted:
        """Samples by area, those of many steps at once where they have an axis more."""
        device = self.V.device
        z = np.concatenate([drawn.z for drawn in samples], axis=-2)
        visible = torch.from_numpy(np.concatenate([drawn.visible for drawn in samples], axis=-2))
        seen = visible.to(device).transpose(-1, -2).double()
        if self.network.placed:
            of_areas = seen[..., None] * self.member
            masked = 1 - seen[..., None]
        else:
            of_areas = torch.einsum("...ps,psn->...sn", seen, self.member)
            masked = (1 - seen).sum(dim=-2)[..., None]
        shown = torch.cat([masked, of_areas], dim=-1)
        return Counted(torch.from_numpy(z).to(device), shown)

    def read(self, rows: Float[Tensor, "p d"], counted: Counted) -> Reading:
        """What queries with these rows e_pᵀQ read."""
        K, N = self.shape
        products = rows @ self.keys.T
        of_features = products[:, : K * N]
        of_samples = of_features.unflatten(1, (K, N)).index_select(1, self.cluster)
        raised = (counted.z * of_samples).exp_()
        among, weighed = None, counted.shown
        if self.network.placed:
            of_positions = products[:, K * N :]
            among = (of_positions - of_positions.amax(dim=1, keepdim=True)).exp_()
            weighed = (among @ weighed.flatten(1)).unflatten(1, weighed.shape[1:])
        weights = weighed[..., 1:] * raised
        total = weights.sum(dim=-1, keepdim=True) + weighed[..., :1]
        reach = of_features.abs().amax() * self.largest
        return Reading(among, raised, total, weights.div_(total), reach)

    def _of_rows(
        self, reading: Reading, counted: Counted, towards: Float[Tensor, "#p s N"]
    ) -> Float[Tensor, "p d"]:
        """Gradient of the rows from that of what is read, Σ_n attention·z_n in each feature.

        It may be that of the first samples only.
        """
        some = slice(0, towards.shape[1])
        z, attention, total = counted.z[some], reading.attention[:, some], reading.total[:, some]
        gain = towards * z
        mean = (attention * gain).sum(dim=-1, keepdim=True)
        over = gain - mean
        by_sample = (attention * over).mul_(z)
        of_keys = (self.of_cluster[some].T @ by_sample).flatten(1)
        if reading.among is not None:
            over = torch.cat([-mean, over.mul_(reading.raised[:, some])], dim=-1).div_(total)
            shown = counted.shown[:, some].flatten(1)
            of_keys = torch.cat([of_keys, reading.among * (over.flatten(1) @ shown.T)], dim=1)
        return of_keys @ self.keys

    @torch.no_grad()
    def step(self, asking: Float[Tensor, "p d"], counted: Counted) -> Taken:
        """Loss and gradients where `asking` are the queries, all e_p or the mean of them."""
        Q = self.network.Q[0]
        readings = [self.read(asking @ head, counted) for head in Q]
        attention = readings[0].attention
        if len(readings) > 1:
            attention = torch.stack([reading.attention for reading in readings]).mean(dim=0)
        read = attention * counted.z
        objective = self._reconstruction if self.network.objective == "mae" else self._contrast
        loss, towards, of_W = objective(read, counted)
        towards = towards / len(readings)
        of_Q = [asking.T @ self._of_rows(reading, counted, towards) for reading in readings]
        reach = torch.stack([reading.reach for reading in readings]).amax()
        return Taken(loss, torch.stack(of_Q), of_W, attention, reach)

    def _reconstruction(
        self, read: Float[Tensor, "P B N"], counted: Counted
    ) -> tuple[Float[Tensor, ""], Float[Tensor, "P B N"], Float[Tensor, "d d"] | None]:
        """The loss of MAE, its gradient in what is read, and in W where that is trained."""
        hidden, wanted = counted.shown[..., :1], self.member * counted.z
        B = self.size
        if self.network.plain_values and self.within:
            error = (read - wanted).mul_(hidden)
            return 0.5 * error.square().sum() / B, error / B, None
        V = self.V.unflatten(0, self.shape)
        values = V @ self.network.W
        squares, products, norms = (
            (one @ other.transpose(1, 2)).index_select(0, self.cluster)
            for one, other in ((values, values), (V, values), (V, V))
        )
        read, wanted = ((hidden * part).transpose(0, 1) for part in (read, wanted))
        of_read, of_wanted = read @ squares, wanted @ products
        loss = 0.5 * ((of_read - 2 * of_wanted) * read + (wanted @ norms) * wanted).sum() / B
        towards = (of_read - of_wanted).transpose(0, 1) / B
        if not self.network.W.requires_grad:
            return loss, towards, None
        N = self.shape[1]
        of_squares, of_products = (
            (self.of_cluster.T @ (read.transpose(1, 2) @ part).flatten(1)).unflatten(1, (N, N))
            for part in (read, wanted)
        )
        return loss, towards, self.V.T @ (of_squares @ values - of_products @ V).flatten(0, 1) / B

    def _contrast(
        self, read: Float[Tensor, "p S N"], counted: Counted
    ) -> tuple[Float[Tensor, ""], Float[Tensor, "1 s N"], Float[Tensor, "d d"] | None]:
        """The same of CL; gradients are those of the first views where the others pass none on."""
        network, tau = self.network, self.network.details.tau
        pooled = (self.of_cluster[:, :, None] * read.mean(dim=0)[:, None]).flatten(1)
        values = self.V if network.plain_values else self.V @ network.W
        plain = network.plain_values and self.orthonormal  # V Vᵀ = I: coordinates will do
        outputs = pooled if plain else pooled @ values
        B = self.size
        length = None
        F = outputs
        if self.perturbation.normalised:
            length = F.norm(dim=1, keepdim=True).clamp_min(SHORTEST)
            F = F / length
        anchors, positives, negatives = F[:B], F[B : 2 * B], F[2 * B :]
        own = (anchors * positives).sum(dim=1, keepdim=True)
        chances = torch.log_softmax(torch.cat([own, anchors @ negatives.T], dim=1) / tau, dim=1)
        loss = -tau * chances[:, 0].mean()
        pull = chances.exp_()
        pull[:, 0] -= 1
        pull /= B
        of_own, of_others = pull[:, :1], pull[:, 1:]
        towards = of_own * positives + of_others @ negatives
        if not self.perturbation.stop_gradient:
            towards = torch.cat([towards, of_own * anchors, of_others.T @ anchors])
        s = len(towards)
        if length is not None:
            along = (towards * F[:s]).sum(dim=1, keepdim=True)
            along = along * (length[:s] > SHORTEST)
            towards = (towards - along * F[:s]) / length[:s]
        of_W = None
        if network.W.requires_grad:
            of_W = self.V.T @ (pooled[:s].T @ towards)
        if not plain:
            towards = towards @ values.T
        own_cluster = towards.unflatten(1, self.shape) * self.of_cluster[:s, :, None]
        return loss, (own_cluster.sum(dim=1) / len(read))[None], of_W
