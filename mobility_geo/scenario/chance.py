"""Chance: what may or may not happen, drawn so that every option compared meets the same draws."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from mobility_geo.errors import ScenarioError
from mobility_geo.scenario.scenario import Scenario

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
KeyArray = npt.NDArray[np.uint64]


def normal_numbers(seed: int, label: str, draws: int) -> FloatArray:
    """Return standard normal numbers that belong to a label, whatever else is drawn.

    Parameters
    ----------
    seed
        At least 0.
    label
        What they are for.
    draws
        How many; more of them begin with the same ones.

    Returns
    -------
    numpy.ndarray
        float64, shape (draws,).

    Examples
    --------
    >>> first, more = normal_numbers(7, "flood", 2), normal_numbers(7, "flood", 3)
    >>> bool((more[:2] == first).all())
    True
    """
    words = np.frombuffer(hashlib.sha256(label.encode()).digest()[:16], dtype="<u4")
    return np.random.default_rng([seed, *words.tolist()]).standard_normal(draws)


def label_keys(labels: Iterable[str]) -> KeyArray:
    """Return a key for each label, from which `numbers_of` makes numbers in one go.

    Parameters
    ----------
    labels
        What the numbers are for, such as ids of edges.

    Returns
    -------
    numpy.ndarray
        uint64, one per label: the same label has the same key, wherever it stands.

    Examples
    --------
    >>> one, two = label_keys(["a", "b"]), label_keys(["b"])
    >>> bool(one[1] == two[0])
    True
    """
    digests = [hashlib.blake2b(label.encode(), digest_size=8).digest() for label in labels]
    return np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64)


def numbers_of(seed: int, label: str, keys: KeyArray) -> FloatArray:
    """Return a standard normal number for each key, whichever other keys are there.

    Parameters
    ----------
    seed
        At least 0.
    label
        What they are for, such as one draw.
    keys
        From `label_keys`.

    Returns
    -------
    numpy.ndarray
        float64, one per key.

    References
    ----------
    Steele, G. L., Lea, D., Flood, C. H. (2014). Fast splittable pseudorandom number generators. doi
    10.1145/2660193.2660195. Its mixing function, on the key and on what belongs to the label.

    Examples
    --------
    >>> keys = label_keys(["a", "b", "c"])
    >>> whole, some = numbers_of(7, "draw 1", keys), numbers_of(7, "draw 1", keys[[2, 0]])
    >>> bool((whole[[2, 0]] == some).all())
    True
    """
    digest = hashlib.sha256(f"{seed} {label}".encode()).digest()
    first, second = np.frombuffer(digest[:16], dtype="<u8").astype(np.uint64)
    mixed = _mix(_mix(keys ^ first) + second)
    # the middle of 2^53 steps, so that neither 0 nor 1 comes up
    return np.asarray(ndtri(((mixed >> np.uint64(11)).astype(np.float64) + 0.5) / 2.0**53))


def _mix(keys: KeyArray) -> KeyArray:
    """Spread every bit of a key over the whole of it."""
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return keys ^ (keys >> np.uint64(31))


def linked_numbers(
    seed: int, labels: Sequence[str], groups: Sequence[str], draws: int, *, correlation: float
) -> FloatArray:
    """Return standard normal numbers, those of one group depending on each other.

    Parameters
    ----------
    seed
        At least 0.
    labels, groups
        Of each: what it is, and the group that it falls together with; empty: none.
    draws
        How many of each.
    correlation
        0 (independent) to 1 (all of a group the same number).

    Returns
    -------
    numpy.ndarray
        float64, shape (draws, labels).

    Raises
    ------
    ScenarioError
        If `correlation` is not 0 to 1, or `draws` is less than 1.

    Notes
    -----
    One factor per group: ``sqrt(c) Z + sqrt(1 - c) e``, Z of the group and e of its own.

    References
    ----------
    Li, D. X. (2000). On default correlation: a copula function approach. Journal of Fixed Income
    9(4), doi 10.3905/jfi.2000.319253.

    Examples
    --------
    >>> found = linked_numbers(7, ["a", "b"], ["x", "x"], 3, correlation=1.0)
    >>> bool((found[:, 0] == found[:, 1]).all())
    True
    """
    if not 0 <= correlation <= 1:
        msg = f"correlation must be 0 to 1, not {correlation:g}"
        raise ScenarioError(msg)
    if draws < 1:
        msg = f"draws must be at least 1, not {draws}"
        raise ScenarioError(msg)
    shared = {group: normal_numbers(seed, f"group {group}", draws) for group in set(groups) - {""}}
    found = np.empty((draws, len(labels)))
    for column, (label, group) in enumerate(zip(labels, groups, strict=True)):
        if not group:
            found[:, column] = normal_numbers(seed, label, draws)
            continue
        own = normal_numbers(seed, label, draws) if correlation < 1 else 0.0
        found[:, column] = np.sqrt(correlation) * shared[group] + np.sqrt(1 - correlation) * own
    return found


def draw_happening(
    scenario: Scenario, draws: int, *, seed: int, correlation: float = 1.0
) -> BoolArray:
    """Draw which disruptions happen, those of one group together.

    The numbers belong to the ids of disruptions and groups: adding or lifting a disruption does
    not change what happens of the others, so that options can be compared draw by draw.

    Parameters
    ----------
    scenario
        Its disruptions happen with their `probability`, whatever the group they are of.
    draws
        How often, at least 1.
    seed
        At least 0; the same seed gives the same draws.
    correlation
        How far disruptions of one group depend on one another, 0 (not at all) to 1 (the default:
        what has the higher probability always happens if the lower does). A disruption without
        group depends on no other.

    Returns
    -------
    numpy.ndarray
        bool, shape (draws, disruptions), in the order of ``scenario.disruptions``.

    Raises
    ------
    ScenarioError
        If `draws` is less than 1, or `correlation` is not 0 to 1.

    Notes
    -----
    A Gaussian copula with one factor per group (see `linked_numbers`): a disruption happens if the
    standard normal distribution at its number is below its probability. Whatever the correlation,
    each happens as often as its probability says.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> draw_happening(load_toy().scenario, 3, seed=7).shape
    (3, 2)
    """
    numbers = linked_numbers(
        seed,
        [f"disruption {one.disruption_id}" for one in scenario.disruptions],
        [f"of disruptions {one.group}" if one.group else "" for one in scenario.disruptions],
        draws, correlation=correlation,
    )  # fmt: skip
    chance = np.array([one.probability for one in scenario.disruptions])
    return np.asarray((ndtr(numbers) < chance) | (chance >= 1))


def draw_scenarios(
    scenario: Scenario, draws: int, *, seed: int, correlation: float = 1.0
) -> list[tuple[Scenario, int]]:
    """Draw many times; what comes out alike is returned once, with how often it came.

    Parameters
    ----------
    scenario, draws, seed, correlation
        As in `draw_happening`.

    Returns
    -------
    list of (Scenario, int)
        Each different outcome and its number of draws, the most frequent first. Disruptions are
        the same objects, so that what is known of where they hit serves every draw.

    Raises
    ------
    ScenarioError
        If `draws` is less than 1, or `correlation` is not 0 to 1.

    Examples
    --------
    >>> from mobility_geo.datasets import load_toy
    >>> found = draw_scenarios(load_toy().scenario, 20, seed=7)
    >>> sum(times for _, times in found)
    20
    """
    happening = draw_happening(scenario, draws, seed=seed, correlation=correlation)
    times: dict[tuple[str, ...], int] = defaultdict(int)
    kept: dict[tuple[str, ...], Scenario] = {}
    for row in happening:
        chosen = tuple(
            one for one, happens in zip(scenario.disruptions, row, strict=True) if happens
        )
        key = tuple(sorted(one.disruption_id for one in chosen))
        times[key] += 1
        if key not in kept:
            kept[key] = replace(scenario, disruptions=chosen)
    return [(kept[key], times[key]) for key in sorted(times, key=lambda key: (-times[key], key))]
