"""Candidates against the clock: each starts with one fold, and the promising ones get the others.

The next fit is decided upon when a worker is free for it, as in asynchronous successive halving (Li et al.
2020), with the folds as the resource.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from itertools import count
from threading import Thread
from typing import TYPE_CHECKING, Any

import numpy as np

from lex_learning.core.dataset import load_dataset
from lex_learning.core.scorer import MetricError
from lex_learning.models import model_class
from lex_learning.training.choice import FEWEST_WEIGHT
from lex_learning.training.ensemble import Fold, greedy_weights
from lex_learning.training.executor import Failure
from lex_learning.training.portfolio import portfolio
from lex_learning.training.tasks import fold_output, warm_up

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from lex_learning.core.problem import Problem
    from lex_learning.core.scorer import Scorer
    from lex_learning.models.base import Matrix
    from lex_learning.training.budget import Budget
    from lex_learning.training.executor import TaskRunner
    from lex_learning.training.search import AlgorithmSearch
    from lex_learning.training.trial import Trial

FIT_SHARE = 0.15
"""Of the time of the search, the most that a fit in rounds may take."""
VARIANT_SHARE = 0.1
"""Of the time left, the most that the first fold of new settings may be expected to take."""
QUICK_SHARE = 0.02
"""Of the time left, what a fold may take for a promising candidate to get all of its folds at once."""
EXPLORED_SHARE = 0.6
"""Of the time of the search; from then on, the folds of the members of the ensemble come first."""
SETTLED_WEIGHT = 0.75
"""As many folds count as candidates of this share of the weight have, in the ensemble of first folds."""
MARGIN = 0.05
"""A candidate whose first fold is this much worse than the best, relatively, waits until time is plenty."""
COMPARED_ROWS = 5_000
TUNED_ALGORITHMS = 3
FIRST_ALGORITHMS = 6
"""So many are started with; then the promising ones go on while others are tried."""


class _Purpose(Enum):
    START = auto()
    """The first fold of one of the first algorithms."""
    EXPLORE = auto()
    """The first fold of another candidate."""
    GO_ON = auto()


@dataclass(frozen=True)
class _Fit:
    trial: Trial
    fold: int
    purpose: _Purpose


class Race:
    """Fits the portfolio, then what Optuna suggests, until the time of the search is over.

    Args:
        searches: By algorithm, in their order; they take up the trials.
        problem: What is to be learned.
        runner: Runs the fits.
        budget: The time.
        folder: Of the training.
        most: Candidates, at most.
        refits: Whether the members of the ensemble are fitted once more afterwards, which takes time, too.
    """

    def __init__(
        self,
        searches: dict[str, AlgorithmSearch],
        problem: Problem,
        *,
        runner: TaskRunner,
        budget: Budget,
        folder: Path,
        most: int,
        refits: bool,
    ) -> None:
        self._searches = searches
        self._problem = problem
        self._runner = runner
        self._budget = budget
        self._folder = folder
        self._total_seconds = budget.search_seconds
        self._most = most
        self._refits = refits
        self._members: list[Trial] | None = None
        """Of the ensemble of the first split, once that is through."""
        self._running = 0
        available = [key for key in searches if model_class(key).unavailable_reason() is None]
        self._start_count = min(len(available), most, FIRST_ALGORITHMS)
        self._planned = portfolio(problem, available)
        self._explored: list[Trial] = []
        self.weights: dict[int, float] = {}
        """By `id` of a trial, its weight in the ensemble of first folds."""
        self._fits: dict[int, _Fit] = {}
        """By the number of the task."""
        self._started: set[tuple[int, int]] = set()
        self._seconds = dict.fromkeys(_Purpose, 0.0)

    def run(self, advance: Callable[[str, int], None]) -> None:
        """Run to the end of the time, or of the candidates that the table bears.

        Args:
            advance: Told the algorithm of each fit that has ended, and how many have so far.

        Raises:
            SearchEnded: The time was over first. What is complete is in the searches.
        """
        for ended, (index, outcome) in enumerate(self._runner.run_unordered(self._tasks()), start=1):
            fit = self._fits[index]
            self._running -= 1
            has_failed = isinstance(outcome, Failure) or outcome.metric_failure is not None
            if has_failed and fit.fold >= fit.trial.fold_count:
                continue  # the fold of a later split: the candidate is complete without it
            fit.trial.book(fit.fold, outcome)
            search = self._searches[fit.trial.candidate.algorithm]
            if fit.fold == 0:
                if fit.trial is search.trials[0] and fit.trial.alive:
                    # What the model will need of its library is loaded while workers work.
                    Thread(target=warm_up, args=(self._folder, fit.trial.candidate), daemon=True).start()
                search.tell(fit.trial)
                self._compare()
            if not isinstance(outcome, Failure):
                self._seconds[fit.purpose] += outcome.seconds
            advance(search.algorithm, ended)

    def _tasks(self) -> Iterator[Any]:
        """The fits; None while the next depends on those that run."""
        for index in count():
            if self._budget.search_seconds <= 0:
                return
            fit = self._next()
            if fit is None:
                yield None
                continue
            self._fits[index] = fit
            self._running += 1
            self._started.add((id(fit.trial), fit.fold))
            most = min(self._budget.search_seconds, FIT_SHARE * self._total_seconds)
            yield self._searches[fit.trial.candidate.algorithm].task(fit.trial, fit.fold, most)

    def _next(self) -> _Fit | None:
        if len(self._explored) < self._start_count:
            return self._explore(_Purpose.START)
        ranked = self._ranked()
        promising = self._promising(ranked)
        left = self._budget.search_seconds
        quick = self._go_on([trial for trial in promising if trial.folds[0].seconds <= QUICK_SHARE * left])
        if quick is not None:
            return quick
        if self._budget.search_share > EXPLORED_SHARE:
            members = [trial for trial in ranked if self.weights.get(id(trial), 0.0) > 0]
            fit = self._go_on(members)
            if fit is not None:
                return fit
        is_time_to_explore = self._seconds[_Purpose.EXPLORE] <= self._seconds[_Purpose.GO_ON]
        fit = self._explore() if is_time_to_explore else None
        fit = fit or self._go_on(promising)
        fit = fit or self._explore()
        fit = fit or self._go_on(ranked)
        return fit or self._repeat()

    def _explore(self, purpose: _Purpose = _Purpose.EXPLORE) -> _Fit | None:
        """The first fold of a new candidate."""
        if len(self._explored) >= self._most:
            return None
        trial = self._planned_trial() or self._tuned_trial()
        if trial is None:
            return None
        self._explored.append(trial)
        return _Fit(trial, 0, purpose)

    def _planned_trial(self) -> Trial | None:
        while self._planned:
            key, params = self._planned.pop(0)
            search = self._searches[key]
            if not search.trials or self._is_worth_trying(search.trials[0]):
                return search.add(params)
        return None

    def _tuned_trial(self) -> Trial | None:
        promising = self._promising(self._ranked())
        names = list(dict.fromkeys(trial.candidate.algorithm for trial in promising))[:TUNED_ALGORITHMS]
        names = [name for name in names if self._is_worth_trying(self._searches[name].trials[0])]
        if not names:
            return None
        search = min((self._searches[name] for name in names), key=lambda search: search.seconds)
        return search.suggest()

    def _go_on(self, trials: list[Trial]) -> _Fit | None:
        """The next fold of a candidate that has time for it: of those with the fewest folds, the first."""
        left = self._budget.search_seconds
        waiting = [
            (fold, rank)
            for rank, trial in enumerate(trials)
            for fold in range(trial.fold_count)
            if (id(trial), fold) not in self._started and trial.folds[0].seconds < left
        ]
        if not waiting:
            return None
        fold, rank = min(waiting)
        return _Fit(trials[rank], fold, _Purpose.GO_ON)

    def _repeat(self) -> _Fit | None:
        """A fold of another split, for a member of the ensemble: the mean of more fits is better."""
        splits = len(load_dataset(self._folder).splits)
        if splits == 1 or (self._members is None and self._running):
            return None
        if self._members is None:
            self._members = self._members_of_first_split()
        left = self._budget.search_seconds
        members = [trial for trial in self._members if trial.folds[0].seconds < left]
        folds = (
            (fold, rank)
            for rank, trial in enumerate(members)
            for fold in range(trial.fold_count, trial.fold_count * splits)
            if (id(trial), fold) not in self._started
        )
        fold, rank = min(folds, default=(0, -1))
        return None if rank < 0 else _Fit(members[rank], fold, _Purpose.GO_ON)

    def _ranked(self) -> list[Trial]:
        """Candidates with a first fold: members of their ensemble lead, the cheap ones first."""

        def rank(trial: Trial) -> tuple[float, float]:
            first = trial.folds[0]
            return -self.weights.get(id(trial), 0.0) / first.seconds**0.5, first.proper_score

        return sorted(_with_first_fold(self._explored), key=rank)

    def _is_worth_trying(self, defaults: Trial) -> bool:
        """Whether other settings of an algorithm are, judged by its defaults."""
        if not self._promising([defaults]):
            return False
        left = self._budget.search_seconds * self._runner.parallel
        return defaults.folds[0].seconds <= VARIANT_SHARE * left

    def _promising(self, trials: list[Trial]) -> list[Trial]:
        """Those whose first fold is near the best, or matters in the ensemble."""
        scores = [each.folds[0].proper_score for each in self._explored if 0 in each.folds]
        bound = min(scores, default=0.0) * (1 + MARGIN)
        return [
            trial
            for trial in trials
            if 0 in trial.folds
            and (trial.folds[0].proper_score <= bound or self.weights.get(id(trial), 0.0) > 0)
        ]

    def _compare(self) -> None:
        """Weigh the candidates by their first folds."""
        trials = _with_first_fold(self._explored)
        if not trials:
            return
        weights = self._weights_of(trials, [0])
        self.weights = {id(trial): float(weight) for trial, weight in zip(trials, weights, strict=True)}
        if self._refits:
            members = [trial for trial in trials if self.weights[id(trial)] > 0]
            self._budget.refit_seconds = refit_seconds(members, self._runner.parallel)

    def _members_of_first_split(self) -> list[Trial]:
        complete = [trial for trial in self._explored if trial.is_complete]
        if not complete:
            return []
        folds = range(complete[0].fold_count)
        try:
            weights = self._weights_of(complete, folds, load_dataset(self._folder).scorer)
        except MetricError:
            weights = self._weights_of(complete, folds)
        return [trial for trial, weight in zip(complete, weights, strict=True) if weight >= FEWEST_WEIGHT]

    def _weights_of(
        self, trials: list[Trial], folds: Iterable[int], scorer: Scorer | None = None
    ) -> NDArray[np.float64]:
        """The weights in the ensemble by what these folds' models predict for some of their rows."""
        data = load_dataset(self._folder)
        scorer = scorer or data.scorer.proper
        known: list[Fold] = []
        outputs: list[list[Matrix]] = [[] for _ in trials]
        for fold in folds:
            held = data.rows_of(fold)
            # At random: the table may be sorted.
            rows = np.random.default_rng(0).permutation(len(held))[:COMPARED_ROWS]
            known.append(Fold(data.outcome[held[rows]], data.weights_of(held[rows])))
            for output, trial in zip(outputs, trials, strict=True):
                output.append(fold_output(self._folder, trial.candidate, fold)[rows])

        def is_over() -> bool:
            return self._budget.search_seconds <= 0

        return greedy_weights(scorer, known, outputs, is_over=is_over)


def refit_seconds(members: Iterable[Trial], parallel: int) -> float:
    """An estimate, by the time of the folds, of what fitting these on all rows takes."""
    each = [
        max(fold.seconds for fold in trial.folds.values()) * trial.fold_count / max(1, trial.fold_count - 1)
        for trial in members
    ]
    return max([sum(each) / parallel, *each], default=0.0)


def settle_folds(searches: dict[str, AlgorithmSearch], weights: dict[int, float]) -> None:
    """Count as many folds as the candidates that matter have; what has fewer is given up.

    Args:
        searches: All trials.
        weights: By `id` of the trial, its weight in the ensemble of first folds.
    """
    trials = _with_first_fold(trial for search in searches.values() for trial in search.trials)
    whole = sum(weights.get(id(trial), 0.0) for trial in trials)
    # Folds of later splits are more than enough.
    done = [min(trial.leading_folds, trial.fold_count) for trial in trials]
    counts = sorted(set(done), reverse=True)
    for fold_count in counts:
        covered = sum(
            weights.get(id(trial), 0.0)
            for trial, folds in zip(trials, done, strict=True)
            if folds >= fold_count
        )
        if covered >= SETTLED_WEIGHT * whole or fold_count == counts[-1]:
            for trial in trials:
                trial.fold_count = fold_count
            return


def _with_first_fold(trials: Iterable[Trial]) -> list[Trial]:
    return [trial for trial in trials if trial.alive and 0 in trial.folds]
