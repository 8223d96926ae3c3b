"""Observer: looks at a network in training, always on the same samples."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from refutable.model import correlations, data
from refutable.model.bent.by_area import ByArea, OutOfRangeError, applies
from refutable.model.bent.drawing import draw
from refutable.model.bent.network import Network, contrast, reconstruction
from refutable.model.bent.observation import KINDS, Observed, Seen
from refutable.model.bent.perturbation import Perturbation
from refutable.model.bent.world import Batch, World, lay_out_all
from refutable.model.setting import Setting
from refutable.model.shapes import Array, Bool, Float
from refutable.model.trajectory import Objective

EVALUATED = 192
"""Samples, unseen in training, on which a trained model is looked at."""
EQUAL = 1e-13
"""How far rows e_pᵀQ may lie apart, by the longest entry, to count as equal: rounding of a few
hundred steps."""


class Observer:
    """Looks at a network in training, always on the same samples.

    What does not change from look to look is laid out once; arrays are (P, N, B), patches first.
    """

    def __init__(
        self,
        setting: Setting,
        perturbation: Perturbation,
        where: World,
        network: Network,
        rng: np.random.Generator,
    ) -> None:
        self.setting, self.perturbation = setting, perturbation
        self.where, self.network = where, network
        self.objective: Objective = network.objective
        d = where.E.shape[1]
        self.samples = draw(setting, perturbation, self.objective, d, EVALUATED, rng)
        self.by_area: ByArea | None = None
        if applies(setting, perturbation, network):
            self.by_area = ByArea(setting, perturbation, where, network, EVALUATED)
            self.counted = self.by_area.count(self.samples)
        self.series: dict[str, dict[str, list[float]]] = {
            kind: {f.name: [] for f in dataclasses.fields(Seen)} for kind in KINDS
        }
        self.loss: list[float] = []
        self.own_phi: list[Float[Array, "K P"]] = []
        self._lay_out_samples()
        self._lay_out_pairs()

    def _lay_out_samples(self) -> None:
        """Which pairs (patch, sample) are queries of which kind, and the least of their losses."""
        first = self.samples[0]
        areas = self.where.area_of
        self.area = areas[first.cluster].T
        self.hidden = ~first.visible.T
        number = np.arange(self.setting.areas)[:, None]
        self.member = self.area[:, None] == number
        self.earlier = number < self.area[:, None]
        seen = (self.member & ~self.hidden[:, None]).any(axis=0)
        self.answerable = self.hidden & np.take_along_axis(seen, self.area, axis=0)
        self.asks = self.answerable if self.objective == "mae" else np.ones_like(self.hidden)
        self.there = {kind: (areas == 0) == (kind == "global") for kind in KINDS}
        of_kind = [self.there[kind][first.cluster].T for kind in KINDS]
        self.asked = np.stack([self.asks & kind for kind in of_kind]).reshape(2, -1).astype(float)
        self.masked = [self.hidden & kind for kind in of_kind]
        self.of_cluster = np.eye(self.setting.K)[first.cluster]
        self.times_asked = self.asks @ self.of_cluster
        self.z = first.z.T
        self.wanted = self.member * self.z
        of_patch = np.take_along_axis(self.z, self.area, axis=0)
        if first.jitter is not None:
            of_patch = of_patch * first.jitter.T
        # Of the masked patch itself nothing tells its jitter (of variance j²/3) and its noise.
        variance = self.perturbation.latent_jitter**2 / 3
        unknown = np.where(self.answerable, variance / (1 + variance), 1.0)
        self.lowest = unknown * of_patch**2 / 2 + self.perturbation.noise**2 / 2

    def _lay_out_pairs(self) -> None:
        """Which pairs of patches, and of patches and features, a correlation is looked at of."""
        areas = self.where.area_of
        same = areas[:, :, None] == areas[:, None, :]
        in_global = np.broadcast_to((areas == 0)[:, None, :], same.shape)
        keys = {"own": same, "global": in_global & ~same, "other": ~in_global & ~same}
        self.keys = np.stack([
            (self.there[kind][:, :, None] & held).any(axis=0)
            for kind in KINDS
            for held in keys.values()
        ]).reshape(2, 3, *same.shape[1:])  # fmt: skip
        number = np.arange(self.setting.areas)
        self.other = (number != areas[:, :, None]) & (number != 0)

    @functools.cached_property
    def batches(self) -> tuple[Batch, ...]:
        """The samples as vectors."""
        return lay_out_all(self.setting, self.perturbation, self.where, self.samples)

    def look(self) -> bool:
        """Take down one moment; False, and nothing taken down, when a number is not finite."""
        self.rows = self.where.E @ self.network.Q.detach()[0].mean(dim=0).cpu().numpy()
        try:
            loss, A, error = self._by_area() if self.by_area else self._plainly()
        except OutOfRangeError:
            loss, A, error = self._plainly()
        if not (math.isfinite(loss) and np.isfinite(error).all()):
            return False
        self.loss.append(loss)
        self.A, self.error = A, error
        self._take_down()
        return True

    def _queries(self) -> Float[Array, "p d"]:
        """All of them; their mean where rows e_pᵀQ are equal, as all then read the same."""
        E = self.where.E
        by_position = self.setting.contrastive.query == "position"
        if self.objective == "mae" or not by_position or len(self.network.Q.flatten(0, 1)) > 1:
            return E
        apart = np.ptp(self.rows, axis=0).max()
        return E.mean(axis=0, keepdims=True) if apart <= EQUAL * np.abs(self.rows).max() else E

    def _plainly(self) -> tuple[float, Float[Array, "#P N B"], Float[Array, "P B"]]:
        """Loss, attention to the visible patches of areas and ½‖F_p - X_p‖², all B·P² products."""
        batch, *against = self.batches
        asking = torch.from_numpy(self._queries()).to(batch.X.device)
        with torch.no_grad():
            attention = self.network.attention(batch, asking)
            read = attention @ batch.masked
            loss = self._loss(self.network.output(read, batch), against, asking)
            error = 0.5 * (read - batch.X).square().sum(dim=2)
        shown = (self.member & ~self.hidden[:, None]).transpose(2, 0, 1)
        A = (attention.cpu().numpy() @ shown).transpose(1, 2, 0)
        return float(loss), np.ascontiguousarray(A), error.cpu().numpy().T

    def _by_area(self) -> tuple[float, Float[Array, "#P N B"], Float[Array, "P B"]]:
        """The same from one patch per area."""
        assert self.by_area is not None
        loss, attention = self.by_area.look(self._queries(), self.counted)
        A = attention[..., :EVALUATED]
        error = A * self.z - self.wanted
        along = error
        if not self.by_area.orthonormal:
            V = self.where.V
            gram = (V @ V.transpose(0, 2, 1))[self.samples[0].cluster]
            along = (gram @ error.transpose(2, 1, 0)).transpose(2, 1, 0)
        return loss, A, 0.5 * np.einsum("pnb,pnb->pb", error, along)

    def _loss(
        self,
        out: Float[Tensor, "B p m"] | Float[Tensor, "B d"],
        against: Sequence[Batch],
        asking: Float[Tensor, "p d"],
    ) -> Float[Tensor, ""]:
        if self.objective == "mae":
            return reconstruction(out, self.batches[0])
        second, negatives = against
        others = (second, negatives)
        return contrast(out, self.network, self.setting, self.perturbation, others, asking)

    def _take_down(self) -> None:
        """Every series of every kind of query."""
        A = self.A
        own = (A * self.member).sum(axis=1)
        of_global = np.broadcast_to(A[:, 0], own.shape)
        is_largest = A.max(axis=1, keepdims=True) == A  # of equal ones the first counts
        own_first = (is_largest & self.member).any(axis=1) & ~(is_largest & self.earlier).any(
            axis=1
        )
        global_first = np.broadcast_to(is_largest[:, 0], own.shape)
        seen = np.stack([own, of_global, own_first, global_first])
        with np.errstate(invalid="ignore"):  # of no query the mean is nan
            means = self.asked @ seen.reshape(4, -1).T / self.asked.sum(axis=1, keepdims=True)
            least = (self.asks * seen[:2]) @ self.of_cluster / self.times_asked
        phi = self.rows @ self.where.V.transpose(0, 2, 1)
        upsilon = (self.keys * np.abs(self.rows @ self.where.E.T)).max(axis=(2, 3))
        own_phi = np.take_along_axis(phi, self.where.area_of[:, :, None], axis=2)[:, :, 0]
        self.own_phi.append(own_phi)
        other = np.abs(phi).max(axis=2, where=self.other, initial=0.0)
        excess = self.error - self.lowest
        for number, kind in enumerate(KINDS):
            there, take = self.there[kind], self.series[kind]
            found = {
                "own_attention": means[number, 0],
                "global_attention": means[number, 1],
                "own_largest": means[number, 2],
                "global_largest": means[number, 3],
                "phi_own": _mean(own_phi[there]),
                "phi_global": _mean(phi[:, :, 0][there]),
                "phi_other": other.max(where=there, initial=0.0),
                "loss_gap": np.where(self.masked[number], excess, 0.0).mean(axis=1).max(),
            }
            some = there.T & (self.times_asked > 0)
            for name, pairs in zip(("own", "global"), least, strict=True):
                found[f"least_{name}"] = pairs[some].min() if some.any() else math.nan
            for name, value in zip(("own", "global", "other"), upsilon[number], strict=True):
                found[f"upsilon_{name}"] = value
            for name, value in found.items():
                take[name].append(float(value))

    def observed(
        self, *, diverged: bool, step: float, steps: int, times: Sequence[float]
    ) -> Observed:
        """The record of a run."""
        rows = self.rows
        longest = float(np.linalg.norm(rows, axis=1).max())
        upsilon = rows @ self.where.E.T
        largest = float(np.abs(upsilon).max())
        spread = float(np.linalg.norm(rows[:, None] - rows[None], axis=2).max())
        local = self.answerable & (self.area != 0)
        blank = 0.5 * self.batches[0].X.square().sum(dim=2).cpu().numpy().T
        size = len(self.z[0])
        samples = data.Samples(
            self.samples[0].cluster, np.empty((size, 0)), ~self.hidden.T, np.full(size, 1 / size)
        )
        few = samples.take(slice(0, 64))
        A = np.broadcast_to(self.A, self.member.shape).transpose(2, 0, 1)
        masked_only = self.objective == "mae"
        unseen = [~(drawn.visible & (self.area == 0).T).any(axis=1) for drawn in self.samples[:2]]
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
            learned=tuple(float(a) for a in A[self.asks.T].mean(axis=0)),
            none_visible=float(np.mean(unseen)),
            row_spread=spread / longest if longest else 0.0,
            shift=float(np.abs(upsilon.sum(axis=1)).max()) / largest if largest else 0.0,
            least_own_step=float(changes.min()) if changes.size else 0.0,
            diversity=correlations.diversity(few, A[:64], masked_only=masked_only),
            reconstruction=_mean(self.error[local]),
            blank=_mean(blank[local]),
        )


def _mean(values: Float[Array, "_"] | Bool[Array, "_"]) -> float:
    return float(values.mean()) if values.size else math.nan
