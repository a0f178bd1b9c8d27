"""The reference figures of statistics.test.ts: pip install scipy statsmodels && python test/evals/reference.py"""

import numpy as np
from scipy import stats
from statsmodels.stats.inter_rater import aggregate_raters, cohens_kappa, fleiss_kappa
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

Z95 = stats.norm.ppf(0.975)

for right, rows in [(0, 10), (7, 10), (450, 500), (500, 500), (1, 3)]:
    print("wilson", right, rows, proportion_confint(right, rows, method="wilson"))
for z in [0.1, 1, 1.96, 2.9, 3.0, 3.1, 5, 8, 20]:
    print("two-sided p", z, 2 * stats.norm.sf(z))
for a, b in [(1, 0), (5, 1), (12, 4), (60, 40), (575, 425)]:
    less, both = min(a, b), a + b
    print("mid-p", a, b, 2 * stats.binom.cdf(less, both, 0.5) - stats.binom.pmf(less, both, 0.5))


def agresti_min(a, b, rows):
    a, b, rows = a + 0.5, b + 0.5, rows + 2
    half = Z95 * np.sqrt(a + b - (a - b) ** 2 / rows) / rows
    return (a - b) / rows - half, (a - b) / rows + half


print("agresti-min", agresti_min(12, 4, 100))
d = np.array([0.5, 0, 0.25, -0.25, 0, 0.75, 0.5, 0])
error = d.std(ddof=1) / np.sqrt(len(d))
print("paired normal", 2 * stats.norm.sf(abs(d.mean() / error)), d.mean() - Z95 * error)
print("holm", multipletests([0.01, 0.04, 0.03, 0.5], method="holm")[1])
print("quantile", np.quantile([1, 2, 3, 4, 10], 0.95))
raters, _ = aggregate_raters(np.array([list(row) for row in ["aab", "aaa", "bcb", "ccc", "abc"]]))
print("fleiss", fleiss_kappa(raters))
print("cohen", cohens_kappa(np.array([[20, 5], [10, 15]])).kappa)
