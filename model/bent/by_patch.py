"""By patch: a step of a masked autoencoder, and its gradient, where patches of an area differ.

Noise or jitter tells them apart, so that all B·P² pairs of a query and a key are gone through.
Gradients written out on few arrays, as in `by_area`, take two thirds of the time of torch's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from refutable.model.bent.by_area import Taken
from refutable.model.bent.drawing import Drawn, Samples
from refutable.model.bent.network import Network
from refutable.model.bent.perturbation import Perturbation
from refutable.model.bent.world import World, leaves_span, vectors
from refutable.model.setting import Setting
from refutable.model.shapes import Array, Bool, Float


def applies(network: Network) -> bool:
    """Whether this is a masked autoencoder of one layer that reads patches, on a processor."""
    here = network.objective == "mae" and network.Q.device.type == "cpu"
    return here and network.layers == 1 and network.plain_values


@dataclass(frozen=True, eq=False)
class Patches:
    """B samples: X (B, P, m) before masking, shown, which is X where visible and 0 elsewhere."""

    X: Float[Array, "B P m"]
    shown: Float[Array, "B P m"]
    hidden: Bool[Array, "B P 1"]


class ByPatch:
    """The loss of a masked autoencoder and its gradient on `size` samples."""

    def __init__(
        self,
        setting: Setting,
        perturbation: Perturbation,
        where: World,
        network: Network,
        size: int,
    ) -> None:
        self.size, self.where, self.E = size, where, where.E
        self.Q = network.Q.detach()[0].numpy()  # a view: of what is trained
        if leaves_span(setting, perturbation):
            self.parts: list[tuple[slice, Float[Array, "m d"] | None]] = [(slice(None), None)]
            self.features = where.V
        else:
            frames, self.features = where.frames
            self.parts = [
                (slice(k, None, setting.K), frame) for k, frame in enumerate(frames.numpy())
            ]  # the samples of each cluster, and in which coordinates they are

    def each(self, samples: Samples) -> Iterator[Patches]:
        """The samples of each of many steps as vectors."""
        return (self.lay_out(samples[0].at(n)) for n in range(len(samples[0].z)))

    def lay_out(self, drawn: Drawn) -> Patches:
        """Samples as vectors."""
        X, _ = vectors(drawn, self.where, self.features)
        visible = drawn.visible[:, :, None]
        return Patches(X, X * visible, ~visible)

    def step(self, asking: Float[Array, "P d"], patches: Patches) -> Taken:
        """Loss and gradients where `asking` are the queries, each for its own patch."""
        loss, of_Q = 0.0, np.zeros_like(self.Q)
        for here, frame in self.parts:
            X, shown, hidden = patches.X[here], patches.shown[here], patches.hidden[here]
            rows = [asking @ Q for Q in self.Q]
            attention = [self._attention(row, shown, frame) for row in rows]
            read = [part.transpose(0, 2, 1) @ shown for part in attention]
            towards = (sum(read) / len(read) - X) * hidden
            loss += 0.5 * float(np.vdot(towards, towards)) / self.size
            towards /= self.size * len(read)
            gain = shown @ towards.transpose(0, 2, 1)
            for of_head, part, F in zip(of_Q, attention, read, strict=True):
                mean = np.einsum("bpm,bpm->bp", F, towards)
                part *= gain - mean[:, None]  # gradient of the scores, (B, keys, queries)
                of_rows = _flat(part).T @ _flat(shown)
                if frame is not None:
                    of_rows = of_rows @ frame
                of_rows += part.sum(axis=0).T @ self.E
                of_head += asking.T @ of_rows
        return Taken(loss, of_Q, None)

    def _attention(
        self,
        rows: Float[Array, "P d"],
        shown: Float[Array, "B P m"],
        frame: Float[Array, "m d"] | None,
    ) -> Float[Array, "B P P"]:
        """Attention of queries with these rows e_pᵀQ, (B, keys, queries)."""
        in_frame = rows if frame is None else rows @ frame.T
        scores = (_flat(shown) @ in_frame.T).reshape(len(shown), len(self.E), len(rows))
        scores += self.E @ rows.T
        scores -= scores.max(axis=1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=1, keepdims=True)
        return scores


def _flat(array: Float[Array, "B P m"]) -> Float[Array, "BP m"]:
    """The same with samples and patches on one axis."""
    return array.reshape(-1, array.shape[2])
