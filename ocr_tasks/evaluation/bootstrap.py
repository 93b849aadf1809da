"""How sure a difference between two models is: a paired bootstrap that draws whole documents."""

import functools
import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Annotated

import annotated_types
import numpy as np
from numpy.typing import NDArray

AT_A_TIME = 500_000  # drawn counts held at once: 4 MB

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class BootstrapSpec:
    """How often documents are drawn, by which seed, and how sure an interval shall be.

    A difference lies in its interval with ``confidence``, and beyond either end with half of what
    is left.
    """

    resamples: Annotated[int, annotated_types.Interval(ge=100, le=1_000_000)] = 4000
    confidence: Annotated[float, annotated_types.Interval(ge=0.5, lt=1)] = 0.95
    seed: Annotated[int, annotated_types.Ge(0)] = 0


@dataclass(frozen=True, slots=True)
class Interval:
    """A difference, and between which bounds it lies."""

    estimate: float
    low: float
    high: float


def rate_difference(first: Counts, second: Counts, sizes: Counts, spec: BootstrapSpec) -> Interval:
    """By how much the rate of ``first`` is above that of ``second``, and how sure that is.

    All are sums by cluster (clusters,): errors of two models on the same lines, and the
    characters of these lines. A document's lines have its hand and its paper in common, so that
    whole clusters are drawn, with replacement, and both models are judged on the same draw
    (paired cluster bootstrap: Efron and Tibshirani 1993; Cameron, Gelbach and Miller 2008). The
    bounds are those of the expanded percentile interval, which holds for few clusters too
    (Hesterberg 2015). With fewer than two, nothing is known.
    """
    clusters = len(sizes)
    lost = first - second
    estimate = float(lost.sum() / max(1, sizes.sum()))
    if clusters < 2:
        return Interval(estimate, -math.inf, math.inf)
    return _interval(estimate, _rates(lost, sizes, spec), clusters, spec)


def difference_of_rates(
    first: Counts, first_sizes: Counts, second: Counts, second_sizes: Counts, spec: BootstrapSpec
) -> Interval:
    """As ``rate_difference``, of models whose errors are of sums of their own.

    So it is with 1 - Hmean, as a model that finds more has more that may be wrong.
    """
    clusters = len(first_sizes)
    rates = [
        float(errors.sum() / max(1, sizes.sum()))
        for errors, sizes in ((first, first_sizes), (second, second_sizes))
    ]
    estimate = rates[0] - rates[1]
    if clusters < 2:
        return Interval(estimate, -math.inf, math.inf)
    drawn = _rates(first, first_sizes, spec) - _rates(second, second_sizes, spec)
    return _interval(estimate, drawn, clusters, spec)


def _interval(
    estimate: float, drawn: NDArray[np.float64], clusters: int, spec: BootstrapSpec
) -> Interval:
    tail = _expanded_tail(clusters, spec.confidence)
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return Interval(estimate, float(low), float(high))


def _rates(counts: Counts, sizes: Counts, spec: BootstrapSpec) -> NDArray[np.float64]:
    """The rate of each draw (resamples,); draws of as many clusters by a spec are the same."""
    values = np.stack([counts, sizes], axis=1).astype(np.float64)
    step = max(1, AT_A_TIME // len(sizes))
    rates = []
    for at in range(0, spec.resamples, step):
        times = _times_drawn(len(sizes), min(step, spec.resamples - at), spec.seed, at)
        sums = times @ values
        rates.append(sums[:, 0] / np.maximum(1, sums[:, 1]))
    return np.concatenate(rates)


@functools.lru_cache(maxsize=8)
def _times_drawn(clusters: int, draws: int, seed: int, at: int) -> NDArray[np.float64]:
    """How often each cluster is drawn (draws, clusters); strata of as many clusters share them."""
    chance = np.random.default_rng((seed, at))
    share = np.full(clusters, 1 / clusters)
    return chance.multinomial(clusters, share, size=draws).astype(np.float64)


def _expanded_tail(clusters: int, confidence: float) -> float:
    """The share of draws to leave out at either end, smaller the fewer clusters there are."""
    from scipy.special import stdtrit  # a second, which only who judges should wait

    wide = stdtrit(clusters - 1, (1 + confidence) / 2)  # the quantile of t
    return NormalDist().cdf(-float(wide) * math.sqrt(clusters / (clusters - 1)))


def sums_by_cluster(values: Counts, clusters: NDArray[np.int64]) -> Counts:
    """The sums of ``values`` (lines, …) by cluster, which are numbered from 0: (clusters, …)."""
    sums = np.zeros((int(clusters.max(initial=-1)) + 1, *values.shape[1:]), np.int64)
    np.add.at(sums, clusters, values)
    return sums
