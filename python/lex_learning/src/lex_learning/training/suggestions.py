"""Settings that Optuna suggests, from what is known of others."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from lex_learning.models._logarithm import LOG_TARGET

if TYPE_CHECKING:
    from collections.abc import Callable

    import optuna

    from lex_learning.training.trial import Trial

STARTUP_TRIALS = 8


class Suggestions:
    """A study of one algorithm, begun when it is first asked.

    Args:
        space: Complete settings suggested by a trial.
        seed: The same seed and the same losses give the same suggestions.
    """

    def __init__(self, space: Callable[[optuna.trial.BaseTrial], dict[str, Any]], seed: int) -> None:
        self._space = space
        self._seed = seed
        self._study: optuna.Study | None = None
        self._known: list[tuple[dict[str, Any], float]] = []
        """Settings and losses of trials that Optuna has not suggested and not been told of."""

    def ask(self) -> tuple[dict[str, Any], optuna.Trial]:
        """New settings, and Optuna's side of them."""
        if self._study is None:
            self._study = _new_study(self._seed)
        while self._known:
            self._warm_up(self._study, *self._known.pop(0))
        suggestion = self._study.ask()
        return self._space(suggestion), suggestion

    def tell(self, trial: Trial) -> None:
        """Let Optuna learn from a trial, whether it has suggested it or not."""
        from optuna.trial import TrialState

        has_failed = trial.failure is not None or trial.metric_failure is not None
        if trial.suggestion is None:
            if not has_failed:
                self._known.append((trial.candidate.params, trial.loss))
        elif self._study is not None:
            if has_failed:
                self._study.tell(trial.suggestion, state=TrialState.FAIL)
            elif trial.pruned:
                self._study.tell(trial.suggestion, state=TrialState.PRUNED)
            else:
                self._study.tell(trial.suggestion, trial.loss)

    def prune(self, trial: Trial, fold: int) -> None:
        """Give a trial up if it is hopeless after this fold."""
        if trial.suggestion is not None and trial.alive:
            trial.suggestion.report(trial.loss, fold)
            trial.pruned = trial.suggestion.should_prune()

    def _warm_up(self, study: optuna.Study, params: dict[str, Any], loss: float) -> None:
        """Start from settings that Optuna has not suggested; values outside the space are moved inside."""
        import optuna

        fixed = optuna.trial.FixedTrial({LOG_TARGET: False, **params})
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of values outside the space
                self._space(fixed)
            distributions = fixed.distributions
            inside = {name: _inside(fixed.params[name], each) for name, each in distributions.items()}
            trial = optuna.trial.create_trial(params=inside, distributions=distributions, value=loss)
        except ValueError:
            return  # a setting that the space does not know
        study.add_trial(trial)


def _new_study(seed: int) -> optuna.Study:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = optuna.samplers.TPESampler(
            seed=seed, multivariate=True, constant_liar=True, n_startup_trials=STARTUP_TRIALS
        )
    pruner = optuna.pruners.MedianPruner(n_startup_trials=STARTUP_TRIALS // 2)
    return optuna.create_study(direction="minimize", sampler=sampler, pruner=pruner)


def _inside(value: Any, distribution: optuna.distributions.BaseDistribution) -> Any:
    low, high = getattr(distribution, "low", None), getattr(distribution, "high", None)
    return value if low is None or high is None else min(max(value, low), high)
