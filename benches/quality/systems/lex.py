"""lex-learning through its Python package; the shape that the comparison's harness asks for."""

from lex_learning import Pipeline, PipelineConfig

VENV = "lex"
PACKAGES = ["lex-learning", "lightgbm", "catboost", "xgboost", "scikit-learn"]


class Model:
    """What the harness calls."""

    def __init__(self, result):
        self.model = result.model
        self.classes = self.model.target.classes or None
        self.info = {
            "leaderboard": [
                [each.name, each.score, each.weight, each.trials, each.failure] for each in result.model_results
            ],
            "timings": result.timings,
            "warnings": result.warnings,
        }

    def predict(self, frame):
        return self.model.predict_table(frame).values

    def predict_proba(self, frame):
        return self.model.predict_table(frame).probabilities

    def save(self, folder):
        self.model.save(f"{folder}/model.lex")


def fit(train, target, problem, budget, seed, ctx):
    config = PipelineConfig(
        "regression" if problem == "regression" else "classification",
        target_column=target,
        time_limit=budget,
        hold_out=False,
        enable_explainability=False,
        n_jobs=ctx["jobs"],
        random_seed=seed,
    )
    return Model(Pipeline(config).train(train))
