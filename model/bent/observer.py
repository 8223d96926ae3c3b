"""Observer: looks at a network in training, always on the same samples."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from refutable.model import correlations, data
from refutable.model.bent.drawing import draw
from refutable.model.bent.network import Network, contrast, reconstruction
from refutable.model.bent.observation import KINDS, Observed, Seen
from refutable.model.bent.perturbation import Perturbation
from refutable.model.bent.world import World, lay_out_all
from refutable.model.setting import Setting
from refutable.model.shapes import Array, Bool, Float

EVALUATED = 192
"""Samples, unseen in training, on which a trained model is looked at."""


class Observer:
    """Looks at a network in training, always on the same samples."""

    def __init__(
        self,
        setting: Setting,
        perturbation: Perturbation,
        where: World,
        network: Network,
        rng: np.random.Generator,
    ) -> None:
        self.setting, self.perturbation = setting, perturbation
        self.where, self.objective = where, network.objective
        d = where.E.shape[1]
        samples = draw(setting, perturbation, self.objective, d, EVALUATED, rng)
        self.batch, *self.against = lay_out_all(setting, perturbation, where, samples)
        batch, N = self.batch, setting.areas
        visible = batch.visible.cpu().numpy()
        self.area = where.area_of[batch.cluster]
        member = np.eye(N)[self.area]
        self.shown = member * visible[:, :, None]
        self.visible_count = self.shown.sum(axis=1)
        own_seen = np.take_along_axis(self.visible_count, self.area, axis=1) > 0
        self.answerable = ~visible & own_seen
        self.asks = self.answerable if self.objective == "mae" else np.ones_like(visible)
        self.masked = ~visible
        self.of_cluster = np.eye(setting.K)[:, batch.cluster]
        self.series: dict[str, dict[str, list[float]]] = {
            kind: {f.name: [] for f in dataclasses.fields(Seen)} for kind in KINDS
        }
        self.loss: list[float] = []
        self.own_phi: list[Float[Array, "K P"]] = []

    def look(self, network: Network) -> bool:
        """Take down one moment; False, and nothing taken down, when a number is not finite."""
        with torch.no_grad():
            attention = network.attention(self.batch)
            read = attention @ self.batch.masked
            loss = float(self._loss(network, network.output(read, self.batch)))
            F = read.cpu().numpy()
        if not (math.isfinite(loss) and np.isfinite(F).all()):
            return False
        self.loss.append(loss)
        self.attention = attention.cpu().numpy()
        self.error = 0.5 * ((F - self.batch.X.cpu().numpy()) ** 2).sum(axis=2)
        self.A = self.attention @ self.shown
        self.Q = network.Q.detach()[0].mean(dim=0).cpu().numpy()
        self._take_down()
        return True

    def _loss(
        self, network: Network, out: Float[Tensor, "B P m"] | Float[Tensor, "B d"]
    ) -> Float[Tensor, ""]:
        if self.objective == "mae":
            return reconstruction(out, self.batch)
        return contrast(
            out, network, self.setting, self.perturbation, (self.against[0], self.against[1])
        )

    def _take_down(self) -> None:
        """Every series of every kind of query."""
        cluster, area = self.batch.cluster, self.area
        own = np.take_along_axis(self.A, area[:, :, None], axis=2)[:, :, 0]
        best = self.A.argmax(axis=2)
        E, V = self.where.E, self.where.V
        phi = E @ self.Q @ V.transpose(0, 2, 1)
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

    def _least(self, values: Float[Array, "B P"], asked: Bool[Array, "B P"]) -> float:
        """The smallest mean over samples that a pair (cluster, patch) has."""
        count, total = self.of_cluster @ asked, self.of_cluster @ (asked * values)
        some = count > 0
        return float((total[some] / count[some]).min()) if some.any() else math.nan

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
        blank = 0.5 * (self.batch.X.cpu().numpy() ** 2).sum(axis=2)
        samples = data.Samples(
            self.batch.cluster,
            np.empty((len(self.batch.z), 0)),
            self.batch.visible.cpu().numpy(),
            np.full(len(self.batch.z), 1 / len(self.batch.z)),
        )
        few = samples.take(slice(0, 64))
        seen = (self.batch, *self.against[:1])
        hidden = [~(v.visible.cpu().numpy() & (self.area == 0)).any(axis=1) for v in seen]
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


def _mean(values: Float[Array, "_"] | Bool[Array, "_"]) -> float:
    return float(values.mean()) if values.size else math.nan


def _largest(values: Float[Array, "..."]) -> float:
    return float(np.abs(values).max()) if values.size else 0.0
