//! Worker processes of the bundled interpreter, also where the host's Python environment is broken.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;

use lex_learning::{LexLearningError, Pipeline, ProblemType, TrainingStage};
use tempfile::tempdir;

use crate::fixtures::{SURVIVAL, passenger, quick, table, train};
use crate::isolated::{assert_passes, command, descendants};

/// Case: workers really start, run the bundled interpreter, and are gone afterwards.
pub(crate) fn train_with_workers() {
    lex_learning::initialize().unwrap();
    for jobs in [2, -1] {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let sink = seen.clone();
        let pipeline = Pipeline::builder()
            .config(quick(ProblemType::Classification).n_jobs(jobs).build().unwrap())
            .on_progress(move |update| {
                if update.stage == TrainingStage::Evaluation {
                    sink.lock().unwrap().extend(descendants().into_iter().filter(|(id, _)| is_worker(*id)));
                }
            })
            .build()
            .unwrap();
        pipeline.train(&table("titanic")).unwrap();
        let executables = seen.lock().unwrap();
        // Of `-1` there are as many as cores.
        assert!(executables.len() >= if jobs == 2 { 2 } else { 1 }, "{executables:?}");
        assert!(executables.iter().all(|(_, path)| path.ends_with("bin/python3.12")), "{executables:?}");
        drop(executables);
        assert!(descendants().is_empty(), "{:?}", descendants());
    }
}

/// Whether a process is a worker, not a helper of one.
fn is_worker(process: u32) -> bool {
    let command = fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&command).contains("popen_loky")
}

#[test]
fn workers_start_and_end() {
    assert_passes(&mut command("train_with_workers"));
}

#[test]
fn workers_start_in_a_hostile_environment() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("joblib.py"), "raise SystemExit('the wrong joblib')").unwrap();
    assert_passes(
        command("train_with_workers")
            .current_dir(folder.path())
            .env("PYTHONHOME", "/bad")
            .env("PYTHONPATH", folder.path())
            .env("PYTHONEXECUTABLE", "/bad/python")
            .env("PYTHONSTARTUP", "/bad/startup.py")
            .env("LC_ALL", "C"),
    );
}

#[test]
fn workers_start_from_a_runtime_path_with_spaces_and_letters_of_any_script() {
    let parent = tempfile::Builder::new().prefix("späces and 日本 ").tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let copy = parent.path().join("runtime");
    link_tree(&development_runtime(), &copy);
    assert_passes(command("train_with_workers").env("LEX_LEARNING_RUNTIME", &copy).env("LC_ALL", "C"));
}

/// The runtime that the build prepared, as the tests' own executable finds it.
fn development_runtime() -> std::path::PathBuf {
    lex_learning::initialize().unwrap();
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let library = maps.lines().find_map(|line| line.split_once('/').filter(|(_, path)| path.contains("libpython3.12")));
    let library = format!("/{}", library.unwrap().1);
    Path::new(&library).parent().unwrap().parent().unwrap().to_owned()
}

fn link_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            link_tree(&entry.path(), &target);
        } else if fs::hard_link(entry.path(), &target).is_err() {
            fs::copy(entry.path(), &target).unwrap();
        }
    }
}

/// Case: a training of every library prints nothing.
pub(crate) fn train_silently() {
    for algorithm in ["neural_network", "lightgbm", "xgboost", "catboost", "svm"] {
        let config = quick(ProblemType::Classification).algorithm(algorithm).cv_folds(2).enable_explainability(true);
        train(config, &table("penguins"));
    }
    lex_learning::shutdown();
}

#[test]
fn libraries_print_nothing() {
    let output = assert_passes(&mut command("train_silently"));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let text = String::from_utf8_lossy(&output.stdout);
    let own = |line: &str| line.is_empty() || line.starts_with("running 1") || line.starts_with("test ");
    assert!(text.lines().all(own), "{text}");
}

/// Case: after `shutdown` nothing runs, every call says so, and `initialize` makes it work again.
pub(crate) fn shut_down() {
    assert!(!lex_learning::is_initialized());
    let early = lex_learning::TrainedModel::load("model.pkl").unwrap_err();
    assert!(matches!(early, LexLearningError::RuntimeInit(_)), "{early}");
    lex_learning::initialize().unwrap();
    lex_learning::initialize().unwrap();
    assert!(lex_learning::is_initialized());
    let training = std::thread::spawn(|| {
        let config = quick(ProblemType::Classification).algorithm("catboost").n_jobs(2).optimize_hyperparams(true);
        crate::fixtures::pipeline(config.n_trials(1000)).train(&table("titanic"))
    });
    assert!(crate::isolated::wait_until(std::time::Duration::from_secs(20), || descendants().len() >= 2));
    lex_learning::shutdown();
    assert!(descendants().is_empty(), "{:?}", descendants());
    assert!(matches!(training.join().unwrap(), Err(LexLearningError::Cancelled)));
    assert!(!lex_learning::is_initialized());
    lex_learning::initialize().unwrap();
    let quitting = Pipeline::builder()
        .config(quick(ProblemType::Classification).n_jobs(2).build().unwrap())
        .on_progress(|_| lex_learning::shutdown())
        .build()
        .unwrap();
    assert!(matches!(quitting.train(&table("titanic")), Err(LexLearningError::Cancelled)));
    assert!(lex_learning::initialize_from("/not/a/runtime").is_err());
    lex_learning::initialize().unwrap();
    assert!(SURVIVAL.predict(&passenger()).is_ok());
}

#[test]
fn shutdown_ends_everything_and_can_be_undone() {
    assert_passes(&mut command("shut_down"));
}
