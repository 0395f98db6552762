"""Distributions against scipy.stats, edges included."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from kpi.estimators import distributions


@pytest.mark.parametrize("p", [0.0, 0.03, 0.5, 0.97, 1.0])
def test_binomial_equals_scipy(p: float) -> None:
    n = np.repeat([0.0, 1.0, 2.0, 7.0, 80.0, 400.0], 410)
    k = np.tile(np.arange(-2.0, 408.0), 6)
    level = np.tile(np.linspace(0.001, 0.999, 410), 6)

    np.testing.assert_allclose(distributions.binomial_tail(k, n, p), scipy.stats.binom.cdf(k, n, p), atol=1e-13)
    np.testing.assert_allclose(distributions.binomial_chance(k, n, p), scipy.stats.binom.pmf(k, n, p), atol=1e-12)
    some = n > 0
    quantile = distributions.binomial_quantile(level[some], n[some], p)
    np.testing.assert_array_equal(quantile, scipy.stats.binom.ppf(level[some], n[some], p))


def test_chi_squared_equals_scipy() -> None:
    degrees, p, x = np.repeat([1, 2, 9, 120], 50), np.tile(np.linspace(0.001, 0.999, 50), 4), np.arange(200.0)
    ours = distributions.chi2_quantile(p, degrees), distributions.chi2_upper_quantile(p, degrees)
    theirs = scipy.stats.chi2.ppf(p, degrees), scipy.stats.chi2.isf(p, degrees)

    np.testing.assert_allclose(ours, theirs, rtol=1e-13)
    np.testing.assert_allclose(distributions.chi2_upper_tail(x, degrees), scipy.stats.chi2.sf(x, degrees), atol=1e-15)
