"""Medians with intervals, as src/tools/bench/statistics.hpp has them: from order statistics, for any distribution."""
import math


def median(sample):
    ordered = sorted(sample)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def _rank(n):
    """The largest k with P(binomial(n, 1/2) < k) <= 2.5 %."""
    below = 0.0
    for i in range(n + 1):
        below += math.comb(n, i) / 2**n
        if below > 0.025:
            return i
    return 0


def interval(sample):
    """Median and the interval that holds the true one with at least 95 %; with fewer than 6 values the whole sample."""
    ordered = sorted(sample)
    rank = max(1, _rank(len(ordered)))
    return {"median": median(ordered), "low": ordered[rank - 1], "high": ordered[-rank], "n": len(ordered)}


def ratios(a, b):
    return [x / y for x, y in zip(a, b) if y > 0]


def paired(a, b):
    """Interval of a[i] / b[i]."""
    return interval(ratios(a, b))


def self_noise(sample):
    """Interval of what a thing shows compared with itself: neighbouring turns of one series, either way round."""
    pairs = ratios(sample[1:], sample)
    both = pairs + [1 / r for r in pairs if r > 0]
    return interval(both) if both else None
