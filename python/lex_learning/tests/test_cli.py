"""The command: what it prints, writes and returns, seen from outside."""

from __future__ import annotations

import dataclasses
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import psutil  # type: ignore[import-untyped]
import pytest

import lex_learning
from lex_learning import Pipeline, PipelineConfig, ProblemType, TrainedModel
from lex_learning.cli import commands, main
from lex_learning.cli.outcome import EXIT_CODES, FAILED
from lex_learning.cli.outputs import file_names
from lex_learning.errors import error_codes

DATA = Path(__file__).parents[3] / "tests" / "data"
TITANIC = DATA / "titanic.csv"
FAST = ["--algorithm", "logistic_regression", "--n-trials", "1", "--jobs", "1"]
ROW = {"pclass": "1st", "sex": "female", "age": 20, "sibsp": 0, "parch": 0}
PNG = b"\x89PNG\r\n\x1a\n"


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "lex_learning", *map(str, arguments)]


def environment(**extra: str) -> dict[str, str]:
    source = str(Path(lex_learning.__file__).parents[1])
    return {**os.environ, "PYTHONPATH": source, "PYTHONDONTWRITEBYTECODE": "1", **extra}


def run(*arguments: object, **extra: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments),
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=environment(**extra),
        timeout=60,
        check=False,
    )


def train_arguments(table: Path, output: Path, *more: str) -> list[str]:
    arguments = ["train", str(table), "--target", "survived", "--problem", "classification", *FAST]
    return [*arguments, "--output", str(output), *more]


def only_error(capsys: pytest.CaptureFixture[str]) -> str:
    """The error, which is all that was printed: one line, and at most one more with a hint."""
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert not out
    assert lines[0].startswith("error: ")
    assert len(lines) == 1 or (len(lines) == 2 and lines[1].startswith("hint: "))
    return err


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "titanic.pkl"
    assert main(train_arguments(TITANIC, path)) == 0
    return path


@pytest.fixture
def passengers(tmp_path: Path) -> Path:
    path = tmp_path / "passengers.csv"
    pd.read_csv(TITANIC).head(30).to_csv(path, index=False)
    return path


class TestEndToEnd:
    def test_train_prints_and_writes_all(self, tmp_path: Path) -> None:
        path, plots = tmp_path / "model.pkl", tmp_path / "new" / "plots"
        done = run(*train_arguments(TITANIC, path, "--plots", str(plots), "--shap-max-samples", "20"))
        assert (done.returncode, done.stderr) == (0, "")
        for text in ("logistic_regression", "accuracy", "roc_auc", "importance", str(path)):
            assert text in done.stdout
        assert TrainedModel.load(path).best_model_name == "logistic_regression"
        pictures = {each.name: each.read_bytes() for each in plots.iterdir()}
        assert {"summary.png", "bar.png", "waterfall.png"} < set(pictures)
        assert all(content.startswith(PNG) for content in pictures.values())

    def test_train_regression_as_json(self, tmp_path: Path) -> None:
        path = tmp_path / "model.pkl"
        done = run(
            *("train", DATA / "carseats.csv", "--target", "Sales", "--problem", "regression"),
            *("--algorithm", "ridge", "--no-optimize", "--jobs", 1, "--output", path, "--json"),
        )
        result = json.loads(done.stdout)
        assert (done.returncode, done.stderr) == (0, "")
        assert result["best_model_name"] == "ridge"
        assert result["metrics"]["r2"] > 0.5
        assert result["model"] == str(path)
        assert result["plots"] == {}

    def test_a_reader_that_leaves_early_is_no_error(self, model: Path) -> None:
        process = subprocess.Popen(
            command("predict", model, TITANIC),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(),
        )
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        with process.stderr:
            assert process.stderr.read() == b""
        assert process.wait(timeout=30) == 0

    def test_output_is_utf8_whatever_the_locale(self, tmp_path: Path) -> None:
        frame = pd.DataFrame({"größe": range(20), "gewählt": ["nein", "größer ✓"] * 10})
        path = tmp_path / "tabelle ü.csv"
        frame.to_csv(path, index=False)
        done = run(
            *("train", path, "--target", "gewählt", "--problem", "classification", *FAST),
            *("--output", tmp_path / "m.pkl"),
            PYTHONIOENCODING="ascii",
        )
        assert done.returncode == 0
        assert "größer ✓" in done.stdout

    @pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")
    @pytest.mark.parametrize("moment", ["workers start", "workers import", "workers work"])
    @pytest.mark.parametrize("times", [1, 4])
    def test_ctrl_c_leaves_nothing_behind(self, tmp_path: Path, moment: str, times: int) -> None:
        temporary = tmp_path / "temporary"
        temporary.mkdir()
        process = subprocess.Popen(
            command(
                *("train", TITANIC, "--target", "survived", "--problem", "classification"),
                *("--algorithm", "random_forest", "--n-trials", 500, "--jobs", 2),
                *("--output", tmp_path / "model.pkl"),
            ),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(TMPDIR=str(temporary)),
            start_new_session=True,
        )
        parent = psutil.Process(process.pid)
        deadline = time.monotonic() + 30
        while len(parent.children()) < 3 and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep({"workers start": 0, "workers import": 0.3, "workers work": 2}[moment])
        children = parent.children(recursive=True)
        assert len(children) >= 3
        for _ in range(times):
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does: the workers, too
            time.sleep(0.06)
        out, err = process.communicate(timeout=30)
        assert process.returncode == 130
        assert out == ""
        assert "Traceback" not in err
        assert err.startswith("error: ")
        assert not psutil.wait_procs(children, timeout=5)[1]
        assert list(temporary.iterdir()) == []
        assert not (tmp_path / "model.pkl").exists()


class TestPredict:
    def test_csv_goes_to_stdout(
        self, model: Path, passengers: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["predict", str(model), str(passengers)]) == 0
        out, err = capsys.readouterr()
        expected = TrainedModel.load(model).predict_batch(pd.read_csv(passengers))
        pd.testing.assert_frame_equal(pd.read_csv(io.StringIO(out)), expected)
        assert err == ""

    @pytest.mark.parametrize("source", ["csv", "parquet"])
    @pytest.mark.parametrize("goal", ["csv", "PARQUET"])
    def test_files(
        self, model: Path, passengers: Path, source: str, goal: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        frame = pd.read_csv(passengers)
        table, output = passengers.with_suffix(f".{source}"), passengers.with_name(f"out.{goal}")
        if source == "parquet":
            frame.to_parquet(table)
        assert main(["predict", str(model), str(table), "--output", str(output)]) == 0
        written = pd.read_parquet(output) if goal == "PARQUET" else pd.read_csv(output)
        pd.testing.assert_frame_equal(written, TrainedModel.load(model).predict_batch(frame))
        assert str(output) in capsys.readouterr().out

    def test_json(self, model: Path, passengers: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["predict", str(model), str(passengers), "--json"]) == 0
        result = json.loads(capsys.readouterr().out)
        assert result["rows"] == len(result["predictions"]) == 30
        assert result["predictions"][0]["prediction"] in {"died", "survived"}

    def test_json_with_a_file_names_the_file(
        self, model: Path, passengers: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        output = passengers.with_name("out.csv")
        assert main(["predict", str(model), str(passengers), "--output", str(output), "--json"]) == 0
        result = json.loads(capsys.readouterr().out)
        assert result == {"rows": 30, "warnings": [], "output": str(output)}

    def test_row(self, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["predict", str(model), "--row", json.dumps(ROW)]) == 0
        out, _ = capsys.readouterr()
        assert out.startswith("prediction: survived\n")
        assert main(["predict", str(model), "--json", "--row", json.dumps(ROW)]) == 0
        result = json.loads(capsys.readouterr().out)
        assert result == TrainedModel.load(model).predict(ROW).to_dict()

    def test_unseen_category_warns_beside_the_predictions(
        self, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        table = tmp_path / "table.csv"
        pd.DataFrame([ROW | {"sex": "unknown"}]).to_csv(table, index=False)
        assert main(["predict", str(model), str(table)]) == 0
        out, err = capsys.readouterr()
        assert len(out.splitlines()) == 2
        assert err.startswith("warning: ")
        assert "'sex'" in err

    def test_empty_table_gives_an_empty_one(
        self, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        table = tmp_path / "table.csv"
        table.write_text(",".join(ROW) + "\n")
        assert main(["predict", str(model), str(table)]) == 0
        assert capsys.readouterr().out == "prediction,probability_died,probability_survived\n"


class TestInfo:
    def test_text_and_json(self, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["info", str(model)]) == 0
        text = capsys.readouterr().out
        assert main(["info", str(model), "--json"]) == 0
        info = json.loads(capsys.readouterr().out)
        assert info["target_column"] == "survived"
        assert info["metrics"]["accuracy"] > 0.6
        for each in (*info["feature_names"], info["best_model_name"], info["created"]):
            assert each in text

    def test_members_of_an_ensemble_are_a_table(
        self, model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        members = [
            {
                "name": "lightgbm",
                "weight": 0.75,
                "models": 5,
                "params": {"num_leaves": 31, "rate": 0.1234567},
            },
            {"name": "random_forest", "weight": 0.25, "models": 10, "params": {}},
        ]
        info = TrainedModel.load(model).get_info()
        ensemble = dataclasses.replace(info, hyperparameters={"members": members})
        monkeypatch.setattr(TrainedModel, "get_info", lambda _: ensemble)
        assert main(["info", str(model)]) == 0
        assert (
            "\nmembers\n"
            "  algorithm      weight  models  settings\n"
            "  lightgbm       0.7500  5       num_leaves=31, rate=0.1235\n"
            "  random_forest  0.2500  10      -\n"
            "\nmetrics"
        ) in capsys.readouterr().out


class TestExplain:
    def test_plots_are_written_and_repeat(
        self, model: Path, passengers: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        first, again = passengers.with_name("first"), passengers.with_name("again")
        for folder in (first, again):
            arguments = ["explain", str(model), str(passengers), "--plots", str(folder), "--rows", "10"]
            assert main([*arguments, "--json"]) == 0
            result = json.loads(capsys.readouterr().out)
            assert {"summary", "bar", "waterfall"} < set(result["plots"])
        for name, path in result["plots"].items():
            content = Path(path).read_bytes()
            assert content.startswith(PNG), name
            assert (first / Path(path).name).read_bytes() == content

    def test_rows_of_unseen_categories_are_left_out(
        self, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        table, folder = tmp_path / "table.csv", tmp_path / "plots"
        unseen = ROW | {"sex": "unknown"}
        pd.DataFrame([ROW, unseen, ROW | {"age": 60}]).to_csv(table, index=False)
        assert main(["explain", str(model), str(table), "--plots", str(folder)]) == 0
        assert "'sex'" in capsys.readouterr().err
        assert (folder / "summary.png").exists()
        pd.DataFrame([unseen]).to_csv(table, index=False)
        assert main(["explain", str(model), str(table), "--plots", str(folder)]) == 1

    def test_a_row(self, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        plot, row = tmp_path / "waterfall.png", json.dumps(ROW)
        assert main(["explain", str(model), "--row", row, "--plot", str(plot)]) == 0
        out, err = capsys.readouterr()
        assert err == ""
        assert str(plot) in out
        why = TrainedModel.load(model).explain(ROW)
        assert plot.read_bytes() == why.waterfall
        heading, columns, base, *steps, output = out.split("\n\n")[0].splitlines()
        assert heading == "log-odds of survived"
        assert columns.split() == ["column", "value", "contribution"]
        assert [float(line.split()[-1]) for line in (base, output)] == pytest.approx(
            [why.base, why.output], abs=1e-4
        )
        found = {name: (value, float(effect)) for name, value, effect in map(str.split, steps)}
        assert found == {
            name: (str(ROW[name]), pytest.approx(effect, abs=1e-4))
            for name, effect in why.contributions.items()
        }
        sizes = [abs(effect) for _, effect in found.values()]
        assert sizes == sorted(sizes, reverse=True)

    def test_a_row_as_json(self, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        unseen = ROW | {"sex": "unknown"}
        assert main(["explain", str(model), "--row", json.dumps(unseen), "--json"]) == 0
        document = json.loads(capsys.readouterr().out)
        assert document == TrainedModel.load(model).explain(unseen).to_dict() | {"plot": None}
        assert "'sex'" in document["warnings"][0]
        plot = tmp_path / "new.PNG"
        assert main(["explain", str(model), "--row", json.dumps(ROW), "--json", "--plot", str(plot)]) == 0
        assert json.loads(capsys.readouterr().out)["plot"] == str(plot)
        assert plot.read_bytes().startswith(PNG)

    def test_a_row_that_cannot_be_explained(
        self, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        plot = tmp_path / "plot.png"
        assert main(["explain", str(model), "--row", "{}", "--plot", str(plot)]) == 1
        only_error(capsys)
        nowhere = tmp_path / "a" / "b.png"
        assert main(["explain", str(model), "--row", json.dumps(ROW), "--plot", str(nowhere)]) == 4
        only_error(capsys)
        assert not plot.exists()


class TestReading:
    """What a CSV holds, seen through the schema of the model trained on it."""

    def kinds(
        self, frame: pd.DataFrame, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> dict[str, str]:
        table, path = tmp_path / "train.csv", tmp_path / "read.pkl"
        frame.to_csv(table, index=False, encoding="utf-8-sig")
        code = main(
            [
                *("train", str(table), "--target", "y", "--problem", "classification", *FAST),
                *("--output", str(path)),
            ]
        )
        assert code == 0, capsys.readouterr().err
        capsys.readouterr()
        return {column["name"]: column["kind"] for column in TrainedModel.load(path).get_info().schema}

    def test_types(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        frame = pd.DataFrame(
            {
                "whole": range(20),
                "share": [each / 3 for each in range(20)],
                "flag": [True, False] * 10,
                "country": ["NA", "None", "DE", "null"] * 5,
                "y": [0, 1] * 10,
            }
        )
        assert self.kinds(frame, tmp_path, capsys) == {
            "whole": "integer",
            "share": "float",
            "flag": "boolean",
            "country": "categorical",
        }
        model = TrainedModel.load(tmp_path / "read.pkl")
        assert model.class_labels == ["0", "1"]
        assert model.get_info().schema[3]["levels"] == ["DE", "NA", "None", "null"]

    def test_text_of_digits_stays_text(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        frame = pd.DataFrame({"code": ["01", "2", "NA", "x"] * 5, "y": ["a", "b"] * 10})
        assert self.kinds(frame, tmp_path, capsys) == {"code": "categorical"}
        table = tmp_path / "digits.csv"
        table.write_text("code\n01\nNA\n")
        assert main(["predict", str(tmp_path / "read.pkl"), str(table)]) == 0
        assert "warning" not in capsys.readouterr().err

    @pytest.mark.parametrize("column", ["1,2,,4", "1,2,NA,4", "a,b,,d", "True,False,,True"])
    def test_nulls_are_refused(self, tmp_path: Path, column: str, capsys: pytest.CaptureFixture[str]) -> None:
        table = tmp_path / "table.csv"
        table.write_text("x,survived\n" + "".join(f"{each},no\n" for each in column.split(",")))
        assert main(train_arguments(table, tmp_path / "m.pkl")) == 3
        assert "'x'" in only_error(capsys)

    @pytest.mark.parametrize(
        ("name", "content", "code"),
        [
            ("empty.csv", b"", 4),
            ("blank.csv", b"\n \n", 4),
            ("header.csv", b"x,survived\n", 3),
            ("ragged.csv", b"x,survived\n1,2\n1,2,3\n", 4),
            ("wide.csv", b"x,survived\n1,2,3\n1,2,3\n", 4),
            ("quote.csv", b'x,survived\n"1,2\n', 4),
            ("latin.csv", b"x,survived\n\xe4,1\n", 4),
            ("semicolons.csv", b"x;survived\n1;2\n", 4),
            ("twice.csv", b"x,x,survived\n1,2,3\n", 3),
            ("cut.parquet", b"PAR1", 4),
            ("table.txt", b"x,survived\n1,2\n", 4),
            ("table", b"x,survived\n1,2\n", 4),
        ],
    )
    def test_bad_files(
        self, tmp_path: Path, name: str, content: bytes, code: int, capsys: pytest.CaptureFixture[str]
    ) -> None:
        table = tmp_path / name
        table.write_bytes(content)
        assert main(train_arguments(table, tmp_path / "m.pkl")) == code
        only_error(capsys)

    def test_missing_files(self, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        missing = str(tmp_path / "none.csv")
        assert main(["predict", str(model), missing]) == 4
        assert missing in only_error(capsys)
        assert main(["info", missing]) == 4
        assert missing in only_error(capsys)
        assert main(["info", str(TITANIC)]) == 4
        assert main(["info", str(tmp_path)]) == 4


class TestOutputIsCheckedFirst:
    @pytest.fixture(autouse=True)
    def no_training(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: object) -> None:
            pytest.fail("training has begun")

        monkeypatch.setattr(Pipeline, "train", refuse)

    def test_model(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        table = tmp_path / "table.csv"
        table.write_bytes(TITANIC.read_bytes())
        for output in (tmp_path / "none" / "m.pkl", tmp_path, table, table / "m.pkl"):
            assert main(train_arguments(table, output)) == 4, output
            assert str(output) in only_error(capsys)
        assert table.read_bytes() == TITANIC.read_bytes()

    @pytest.mark.skipif(os.name == "nt", reason="there is no such device")
    def test_devices_are_not_replaced(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(train_arguments(TITANIC, Path(os.devnull))) == 4
        only_error(capsys)

    def test_plots(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        file = tmp_path / "file"
        file.touch()
        for folder in (file, file / "plots"):
            assert main(train_arguments(TITANIC, tmp_path / "m.pkl", "--plots", str(folder))) == 4
            assert str(folder) in only_error(capsys)

    def test_predictions(self, model: Path, passengers: Path, capsys: pytest.CaptureFixture[str]) -> None:
        before = passengers.read_bytes()
        for output in (passengers, passengers.parent / "none" / "o.csv", passengers.with_suffix(".xlsx")):
            assert main(["predict", str(model), str(passengers), "--output", str(output)]) == 4
            only_error(capsys)
        assert passengers.read_bytes() == before


class TestErrors:
    @pytest.mark.parametrize(
        "more",
        [
            ["--n-trials", "0"],
            ["--n-trials", "many"],
            ["--test-size", "0.9"],
            ["--jobs", "0"],
            ["--algorithm", "ligthgbm"],
            ["--problem", "ranking"],
            ["--plots", "folder", "--no-explain"],
            ["--unknown"],
            ["--n-tri", "1"],
        ],
    )
    def test_settings(self, tmp_path: Path, more: list[str], capsys: pytest.CaptureFixture[str]) -> None:
        assert main(train_arguments(TITANIC, tmp_path / "m.pkl", *more)) == 2
        only_error(capsys)
        assert main(train_arguments(TITANIC, tmp_path / "m.pkl", *more, "--json")) == 2
        out, err = capsys.readouterr()
        assert err == ""
        assert set(json.loads(out)["error"]) == {"code", "message", "hint", "context"}

    @pytest.mark.parametrize(
        "arguments",
        [
            [],
            ["predict", "m.pkl"],
            ["predict", "m.pkl", "t.csv", "--row", "{}"],
            ["predict", "m.pkl", "--row", "{}", "--output", "o.csv"],
            ["explain", "m.pkl"],
            ["explain", "m.pkl", "t.csv"],
            ["explain", "m.pkl", "t.csv", "--row", "{}"],
            ["explain", "m.pkl", "t.csv", "--plots", "p", "--plot", "p.png"],
            ["explain", "m.pkl", "--row", "{}", "--plots", "p"],
            ["explain", "m.pkl", "--row", "{}", "--plot", "p.svg"],
            ["explain", "m.pkl", "t.csv", "--plots", "p", "--rows", "0"],
        ],
    )
    def test_usage(self, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
        assert main(arguments) == 2
        only_error(capsys)

    def test_missing_target(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        arguments = train_arguments(TITANIC, tmp_path / "m.pkl", "--target", "nobody")
        assert main(arguments) == 3
        assert "'nobody'" in only_error(capsys)
        assert main([*arguments, "--json"]) == 3
        error = json.loads(capsys.readouterr().out)["error"]
        assert error["code"] == "data.target_missing"
        assert error["context"]["column"] == "nobody"

    @pytest.mark.parametrize("row", ["{", "[1]", '{"pclass": "1st"}', json.dumps(ROW | {"age": "old"})])
    def test_bad_row(self, model: Path, row: str, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["predict", str(model), "--row", row]) == 1
        only_error(capsys)

    def test_a_bug_keeps_its_traceback_off_the_document(
        self, model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def fail(_: object) -> None:
            raise ZeroDivisionError("oops")

        monkeypatch.setattr(TrainedModel, "load", fail)
        assert main(["info", str(model), "--json"]) == 1
        out, err = capsys.readouterr()
        assert json.loads(out)["error"]["code"] == "python.error"
        assert "Traceback" in err

    def test_ctrl_c_outside_of_training(
        self, model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def interrupt(_: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(TrainedModel, "load", interrupt)
        assert main(["info", str(model)]) == 130
        only_error(capsys)

    def test_exit_codes_name_real_errors(self) -> None:
        own = {"usage.invalid", "file.not_found", "file.unreadable", "file.unwritable"}
        assert set(EXIT_CODES) - own <= error_codes()
        assert not own & error_codes()


class TestInterface:
    @pytest.mark.parametrize("arguments", [[], ["train"], ["predict"], ["info"], ["explain"]])
    def test_help_documents_exit_codes(
        self, arguments: list[str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main([*arguments, "--help"]) == 0
        out, err = capsys.readouterr()
        assert err == ""
        for code in {0, FAILED, *EXIT_CODES.values()}:
            assert f"\n  {code} " in out

    def test_version(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["--version"]) == 0
        assert lex_learning.__version__ in capsys.readouterr().out

    def test_every_setting_is_an_option(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        seen: list[PipelineConfig] = []

        class Recorder:
            def __init__(self, config: PipelineConfig, *_: object) -> None:
                seen.append(config)
                raise KeyboardInterrupt

        monkeypatch.setattr(commands, "Pipeline", Recorder)
        required = ["train", str(TITANIC), "--target", "survived", "--problem", "classification"]
        required += ["--output", str(tmp_path / "m.pkl")]
        changed = "--algorithm knn --top-k 2 --n-trials 3 --cv-folds 4 --test-size 0.3 --seed 7 --jobs 1"
        changed += " --no-optimize --no-neural-networks --no-explain --shap-max-samples 9"
        changed += (
            " --time-limit 2.5 --no-hold-out --refit --preset fast --engine tcp://localhost:1 --work-dir w"
        )
        changed += " --weights a --groups b --metric roc_auc --threshold-metric f1 --allow-missing"
        weights = ["--class-weights", '{"survived": 2}']
        for more in ([], ["--plots", str(tmp_path)], [*changed.split(), *weights]):
            assert main([*required, *more]) == 130
        assert seen[-1].class_weights == {"survived": 2}
        assert main([*required, "--time", "a", "--class-weights", "balanced"]) == 130
        assert (seen[-1].time_column, seen.pop().class_weights) == ("a", "balanced")
        number = ["train", str(TITANIC), "--target", "age", "--problem", "regression", "--interval", "0.8"]
        assert main([*number, "--output", str(tmp_path / "m.pkl")]) == 130
        assert seen.pop().interval_coverage == 0.8
        defaults = PipelineConfig(ProblemType.CLASSIFICATION, "survived")
        assert seen[0] == dataclasses.replace(defaults, enable_explainability=False)
        assert seen[1] == defaults
        chosen = ("problem_type", "target_column", "interval_coverage", "time_column")
        same = [
            name
            for name, value in defaults.to_dict().items()
            if name not in chosen and value == seen[2].to_dict()[name]
        ]
        assert same == []


class TestFileNames:
    def test_safe_and_different(self) -> None:
        plots = [
            *("bar", "dependence_a/b", "dependence_a:b", "dependence_A_B", "summary_", "dependence_../../x"),
            *(
                "dependence_" + "長" * 300,
                "dependence_" + "長" * 301,
                "dependence_\ud800\n",
                "dependence_größe",
            ),
            *("dependence_gro\u0308ße", "dependence_größe", "dependence_a_b-2"),
        ]
        names = file_names(plots)
        assert len({name.casefold() for name in names}) == len(plots)
        for name in names:
            assert Path(name).name == name
            assert not set(name) & set('<>:"/\\|?*\n\r\t ')
            assert name.endswith(".png")
            assert len(name.encode()) <= 255
        assert names[0] == "bar.png"
        assert "dependence_größe.png" in names

    def test_strange_columns_get_their_plots(self, tmp_path: Path) -> None:
        frame = pd.DataFrame(
            {"a/b": range(40), "a:b": [each % 7 for each in range(40)], "y": ["n", "j"] * 20}
        )
        table, plots = tmp_path / "t.csv", tmp_path / "plots"
        frame.to_csv(table, index=False)
        arguments = train_arguments(table, tmp_path / "m.pkl", "--plots", str(plots), "--target", "y")
        assert main(arguments) == 0
        assert {"dependence_a_b.png", "dependence_a_b-2.png"} < {each.name for each in plots.iterdir()}


class TestProgressBar:
    def test_drawn_on_a_terminal_alone(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        arguments = train_arguments(TITANIC, tmp_path / "m.pkl")
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
        assert main(arguments) == 0
        out, err = capsys.readouterr()
        assert "100%" in err
        assert err.isascii()
        assert err.endswith("\r")
        assert "\r" not in out
        assert main([*arguments, "--json"]) == 0
        assert capsys.readouterr().err == ""
