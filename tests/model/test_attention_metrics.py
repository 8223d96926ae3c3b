"""Metrics of attention: maps whose values are known, the textbook's double loop, bounds."""

from __future__ import annotations

import itertools
import math
import time

import pytest
import torch
from torch import Tensor

from refutable.model.transformers import metrics

UNIFORM = torch.full((9, 9), 1 / 9, dtype=torch.float64)
DIAGONAL = torch.eye(9, dtype=torch.float64)
COLUMN = torch.eye(9, dtype=torch.float64)[[4] * 9]


def random_maps(P: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(2, 3, P, P, generator=generator, dtype=torch.float64).pow(4).softmax(dim=-1)


@pytest.mark.parametrize("metric", [metrics.diversity, metrics.angular_diversity])
def test_diversity_is_0_of_equal_rows_and_1_of_disjoint_ones(metric) -> None:  # type: ignore[no-untyped-def]
    assert float(metric(UNIFORM)) == pytest.approx(0, abs=1e-15)
    assert float(metric(COLUMN)) == pytest.approx(0, abs=1e-15)
    assert float(metric(DIAGONAL)) == pytest.approx(1, abs=1e-15)


def test_diversity_of_two_halves_is_the_chance_to_be_in_different_ones() -> None:
    halves = torch.zeros(8, 8, dtype=torch.float64)
    halves[:4, :4], halves[4:, 4:] = 1 / 4, 1 / 4
    assert float(metrics.diversity(halves)) == pytest.approx(16 / 28, abs=1e-15)


def test_sorting_gives_what_all_pairs_give() -> None:
    A = random_maps(7)
    pairs = list(itertools.combinations(range(7), 2))
    variation = sum((A[..., p, :] - A[..., q, :]).abs().sum(-1) / 2 for p, q in pairs) / len(pairs)
    torch.testing.assert_close(metrics.diversity(A), variation, rtol=0, atol=1e-14)
    angles = sum(
        1 - torch.cosine_similarity(A[..., p, :], A[..., q, :], dim=-1) for p, q in pairs
    ) / len(pairs)
    torch.testing.assert_close(metrics.angular_diversity(A), angles, rtol=0, atol=1e-14)


def test_mutual_information_is_0_of_equal_rows_and_1_of_a_permutation() -> None:
    assert float(metrics.mutual_information(UNIFORM)) == pytest.approx(0, abs=1e-14)
    assert float(metrics.mutual_information(COLUMN)) == 0  # the key's entropy is 0 as well
    assert float(metrics.mutual_information(DIAGONAL[torch.randperm(9)])) == pytest.approx(1)


def test_mutual_information_is_the_definitions() -> None:
    A = random_maps(5)[0, 0]
    joint = A / 5
    keys = joint.sum(0)
    information = sum(
        joint[q, k] * math.log(joint[q, k] / (keys[k] / 5)) for q in range(5) for k in range(5)
    )
    entropy = -sum(k * math.log(k) for k in keys.tolist())
    expected = information / math.sqrt(math.log(5) * entropy)
    assert float(metrics.mutual_information(A)) == pytest.approx(float(expected), rel=1e-12)


def test_distance_and_neighbourhood_of_known_maps() -> None:
    assert float(metrics.distance(DIAGONAL)) == 0
    from_centre = [math.hypot(r - 1, c - 1) for r in range(3) for c in range(3)]
    assert float(metrics.distance(COLUMN)) == pytest.approx(sum(from_centre) / 9)
    assert float(metrics.neighbourhood(UNIFORM)) == pytest.approx(1)
    # the neighbourhoods hold 4, 6 and 9 patches: (4·4 + 4·6 + 9)/9² of uniform attention
    assert float(metrics.neighbourhood(DIAGONAL)) == pytest.approx(81 / 49)


def test_own_cluster_counts_attention_on_patches_of_the_same_label() -> None:
    labels = torch.tensor([0, 0, 0, 1, 1, 1, 2, 2, 2])
    assert float(metrics.own_cluster(UNIFORM, labels)) == pytest.approx(1)
    assert float(metrics.own_cluster(DIAGONAL, labels)) == pytest.approx(3)
    assert float(metrics.own_cluster(DIAGONAL[[3, 4, 5, 6, 7, 8, 0, 1, 2]], labels)) == 0


def test_leading_axes_stay() -> None:
    A = random_maps(9)
    for metric in (
        metrics.diversity, metrics.angular_diversity, metrics.mutual_information,
        metrics.distance, metrics.neighbourhood,
    ):  # fmt: skip
        assert metric(A).shape == (2, 3)
        torch.testing.assert_close(metric(A)[1, 2], metric(A[1, 2]))


def test_a_layer_of_vit_b_takes_well_under_a_second() -> None:
    A = torch.rand(12, 196, 196).softmax(dim=-1)
    began = time.process_time()
    metrics.diversity(A)
    metrics.mutual_information(A)
    assert time.process_time() - began < 1
