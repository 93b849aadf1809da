"""Intervals that hold as often as they say, and that follow documents and not lines."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_tasks.evaluation.bootstrap import BootstrapSpec, rate_difference, sums_by_cluster

SPEC = BootstrapSpec()
counts = st.lists(st.integers(0, 50), min_size=2, max_size=30)


def test_the_estimate_is_the_difference_of_the_rates():
    first, second, sizes = np.array([10, 20]), np.array([5, 10]), np.array([100, 400])
    assert rate_difference(first, second, sizes, SPEC).estimate == pytest.approx(
        30 / 500 - 15 / 500
    )


@given(counts)
def test_equal_models_differ_by_nothing(errors):
    same = np.array(errors)
    interval = rate_difference(same, same, np.full(len(same), 100), SPEC)
    assert (interval.low, interval.estimate, interval.high) == (0, 0, 0)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=2, max_size=30))
def test_an_interval_turns_round_with_its_models(pairs):
    first, second = np.array(pairs).T
    sizes = np.full(len(first), 100)
    there = rate_difference(first, second, sizes, SPEC)
    back = rate_difference(second, first, sizes, SPEC)
    assert there.low <= there.high
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low))


@pytest.mark.parametrize("clusters", [0, 1])
def test_of_less_than_two_documents_nothing_is_known(clusters):
    values = np.full(clusters, 7)
    interval = rate_difference(values, values, values, SPEC)
    assert (interval.low, interval.high) == (-math.inf, math.inf)


def test_lines_of_one_document_tell_less_than_as_many_of_their_own():
    chance = np.random.default_rng(0)
    documents = np.repeat(np.arange(8), 80)
    lost = chance.binomial(10, chance.uniform(0, 0.3, 8)[documents])
    nothing, sizes = np.zeros_like(lost), np.full_like(lost, 10)

    def width(clusters):
        told = (sums_by_cluster(each, clusters) for each in (lost, nothing, sizes))
        interval = rate_difference(*told, SPEC)
        return interval.high - interval.low

    assert width(documents) > 3 * width(np.arange(640))


@pytest.mark.parametrize("documents", [8, 30])
def test_an_interval_misses_the_truth_as_seldom_as_it_says(documents):
    chance = np.random.default_rng(1)
    spec = BootstrapSpec(resamples=600)
    missed, tries, truth = 0, 400, 0.0
    sizes = np.full(documents, 600)
    for _ in range(tries):  # how hard a document is differs, and so does which model suits it
        hard = chance.beta(4, 20, documents)
        ours, theirs = (np.clip(hard + chance.normal(0, 0.03, documents), 0, 1) for _ in range(2))
        first, second = chance.binomial(sizes, ours), chance.binomial(sizes, theirs)
        interval = rate_difference(first, second, sizes, spec)
        missed += not interval.low <= truth <= interval.high
    assert 0.015 <= missed / tries <= 0.085  # 5 %, and what 400 tries scatter by


def test_sums_are_by_cluster():
    values = np.array([[1, 10], [2, 20], [4, 40]])
    assert sums_by_cluster(values, np.array([1, 0, 1])).tolist() == [[2, 20], [5, 50]]


def test_many_lines_are_drawn_in_turns_and_differ_by_no_more_than_chance():
    chance = np.random.default_rng(2)
    lost = chance.binomial(30, 0.1, 3000)
    sizes = np.full(3000, 30)
    spec = BootstrapSpec(resamples=1500)  # more than is drawn at a time
    interval = rate_difference(lost, np.zeros_like(lost), sizes, spec)
    by_formula = 1.96 * lost.std() / 30 / math.sqrt(3000)
    assert (interval.high - interval.low) / 2 == pytest.approx(by_formula, rel=0.1)
