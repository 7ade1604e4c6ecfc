//! The interpreter: found, started once, never finalised.
//!
//! Finalising would crash: TensorFlow's and pyarrow's threads outlive it.

use std::cell::Cell;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use lex_runtime::Runtime;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::embedded;
use crate::LexLearningError;

/// Stack of the threads that run Python: the usual 2 MiB abort the process where Python would raise `RecursionError`.
pub(super) const STACK_BYTES: usize = 64 * 1024 * 1024;

const SHUTDOWN_PATIENCE: Duration = Duration::from_secs(10);

/// The runtime that the interpreter was started from; locked while one call of `initialize` works.
static STARTED: Mutex<Option<PathBuf>> = Mutex::new(None);
static READY: AtomicBool = AtomicBool::new(false);
static ACTIVE_TRAININGS: AtomicUsize = AtomicUsize::new(0);
/// Grows with each `shutdown`: trainings begun before it are to end, those begun after it are not.
static SHUTDOWNS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// Trainings that this thread waits for; a `shutdown` from their callbacks cannot wait for them, too.
    static TRAININGS_HERE: Cell<usize> = const { Cell::new(0) };
}

/// Finds and starts the bundled interpreter. Call it once, at start-up; more calls do nothing.
///
/// The runtime is searched in the variable `LEX_LEARNING_RUNTIME`, around the executable
/// (`runtime/python/<platform>`), and in the folder that the build prepared.
///
/// ```
/// # fn main() -> Result<(), lex_learning::LexLearningError> {
/// lex_learning::initialize()?;
/// assert!(lex_learning::is_initialized());
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`LexLearningError::RuntimeInit`]: no usable runtime was found, or it did not start; the message lists each place
/// and what was wrong there. A later call may succeed.
pub fn initialize() -> Result<(), LexLearningError> {
    start(None)
}

/// As [`initialize`], with a runtime folder named by the caller, such as one below Tauri's `resource_dir`.
///
/// On Linux and macOS the interpreter's library is loaded before `main`, so a copy of it must lie where the executable
/// looks: see "In an app" in the README.
///
/// ```
/// let error = lex_learning::initialize_from("/not/a/runtime").unwrap_err();
/// assert_eq!(error.code(), "runtime.init");
/// ```
///
/// # Errors
///
/// As [`initialize`]; also if the interpreter already runs from another folder.
pub fn initialize_from(runtime: impl AsRef<Path>) -> Result<(), LexLearningError> {
    start(Some(runtime.as_ref()))
}

/// Whether [`initialize`] has succeeded and [`shutdown`] has not been called since.
pub fn is_initialized() -> bool {
    READY.load(Ordering::Acquire)
}

/// Cancels running trainings and ends every worker process. Call it before the app exits.
///
/// The interpreter itself stays in memory; [`initialize`] makes everything work again. From within a progress callback
/// it returns at once, and the training ends after the callback.
///
/// ```
/// # fn main() -> Result<(), lex_learning::LexLearningError> {
/// lex_learning::initialize()?;
/// lex_learning::shutdown();
/// assert!(!lex_learning::is_initialized());
/// # Ok(())
/// # }
/// ```
pub fn shutdown() {
    if !READY.swap(false, Ordering::AcqRel) {
        return;
    }
    SHUTDOWNS.fetch_add(1, Ordering::AcqRel);
    let deadline = Instant::now() + SHUTDOWN_PATIENCE;
    while ACTIVE_TRAININGS.load(Ordering::Acquire) > TRAININGS_HERE.get() && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(10));
    }
}

/// Refuses a call before `initialize` or after `shutdown`.
pub(super) fn require() -> Result<(), LexLearningError> {
    if is_initialized() || ACTIVE_TRAININGS.load(Ordering::Acquire) > 0 {
        return Ok(());
    }
    Err(LexLearningError::RuntimeInit(
        "the interpreter is not running. Call lex_learning::initialize() first.".to_owned(),
    ))
}

/// Counts a training for `shutdown` until it is dropped.
pub(super) struct ActiveTraining {
    shutdowns: usize,
}

impl ActiveTraining {
    /// Asks from any thread whether `shutdown` was called since the training began.
    pub(super) fn shutdown_probe(&self) -> impl Fn() -> bool + Send + Sync + 'static {
        let shutdowns = self.shutdowns;
        move || SHUTDOWNS.load(Ordering::Acquire) != shutdowns
    }
}

pub(super) fn begin_training() -> Result<ActiveTraining, LexLearningError> {
    require()?;
    refuse_attached()?;
    let shutdowns = SHUTDOWNS.load(Ordering::Acquire);
    ACTIVE_TRAININGS.fetch_add(1, Ordering::AcqRel);
    TRAININGS_HERE.set(TRAININGS_HERE.get() + 1);
    Ok(ActiveTraining { shutdowns })
}

impl Drop for ActiveTraining {
    fn drop(&mut self) {
        TRAININGS_HERE.set(TRAININGS_HERE.get() - 1);
        ACTIVE_TRAININGS.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A thread that waits with the interpreter's lock in hand would wait for ever.
fn refuse_attached() -> Result<(), LexLearningError> {
    // SAFETY: both only ask, and may be called at any time.
    if unsafe { ffi::Py_IsInitialized() != 0 && ffi::PyGILState_Check() == 1 } {
        return Err(LexLearningError::RuntimeInit(
            "the calling thread holds Python's lock. Call from a thread that does not, or within Python::detach."
                .to_owned(),
        ));
    }
    Ok(())
}

fn start(named: Option<&Path>) -> Result<(), LexLearningError> {
    let mut started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
    match (&*started, named) {
        (None, _) => {
            refuse_attached()?;
            *started = Some(start_interpreter(named).map_err(LexLearningError::RuntimeInit)?);
        }
        (Some(running), Some(named)) => {
            let named = Runtime::open(named).map_err(|error| LexLearningError::RuntimeInit(error.report()))?;
            if named.root() != running {
                return Err(LexLearningError::RuntimeInit(format!(
                    "the interpreter already runs from {}, and cannot move to {}. Name the runtime in the first call.",
                    running.display(),
                    named.root().display()
                )));
            }
        }
        (Some(_), None) => {}
    }
    READY.store(true, Ordering::Release);
    Ok(())
}

fn start_interpreter(runtime: Option<&Path>) -> Result<PathBuf, String> {
    let development = option_env!("LEX_LEARNING_DEVELOPMENT_RUNTIME").map(Path::new);
    let runtime = lex_runtime::locate(runtime, development).map_err(|error| error.report())?;
    let package = embedded::package_folder(&runtime.site_packages())
        .map_err(|error| format!("the Python package cannot be written to the cache folder: {error}"))?;
    let root = runtime.root().to_owned();
    let (sender, receiver) = channel();
    // This thread becomes Python's main thread, and so lives as long as the process.
    let main_thread = move || {
        let outcome = configure_and_start(&runtime).and_then(|()| bootstrap(&runtime, package));
        let started = outcome.is_ok();
        let _ = sender.send(outcome);
        if started {
            loop {
                thread::park();
            }
        }
    };
    thread::Builder::new()
        .name("lex-learning-python".to_owned())
        .stack_size(STACK_BYTES)
        .spawn(main_thread)
        .map_err(|error| format!("no thread could be started: {error}"))?;
    receiver.recv().map_err(|_| "the interpreter's thread panicked".to_owned())??;
    Ok(root)
}

/// Starts an interpreter that neither the host's environment nor the user's site-packages can reach.
fn configure_and_start(runtime: &Runtime) -> Result<(), String> {
    // SAFETY: asks for a flag; allowed before the interpreter runs.
    if unsafe { ffi::Py_IsInitialized() } != 0 {
        return Ok(()); // The host has started a Python of its own; the bootstrap checks that it fits.
    }
    // SAFETY: the calls come in the order that PEP 587 demands, on one thread, with structures that it initialises;
    // `PyEval_SaveThread` gives up the lock that `Py_InitializeFromConfig` took, so that any thread may attach.
    unsafe {
        let mut before = std::mem::MaybeUninit::<ffi::PyPreConfig>::zeroed().assume_init();
        ffi::PyPreConfig_InitIsolatedConfig(&raw mut before);
        // Isolated means an ASCII file system encoding otherwise.
        before.utf8_mode = 1;
        check(ffi::Py_PreInitialize(&raw const before))?;

        let mut config = std::mem::MaybeUninit::<ffi::PyConfig>::zeroed().assume_init();
        ffi::PyConfig_InitIsolatedConfig(&raw mut config);
        let outcome = set_paths(&mut config, runtime).and_then(|()| {
            config.parse_argv = 0;
            config.install_signal_handlers = 0;
            config.write_bytecode = 0;
            config.buffered_stdio = 0;
            config.pathconfig_warnings = 0;
            check(ffi::Py_InitializeFromConfig(&raw const config))
        });
        ffi::PyConfig_Clear(&raw mut config);
        outcome?;
        ffi::PyEval_SaveThread();
    }
    Ok(())
}

/// # Safety
///
/// The runtime is pre-initialised and `config` is initialised.
unsafe fn set_paths(config: &mut ffi::PyConfig, runtime: &Runtime) -> Result<(), String> {
    let executable = runtime.python();
    let config: *mut ffi::PyConfig = config;
    // SAFETY: each field belongs to `config`, as the function demands.
    unsafe {
        set_string(config, &raw mut (*config).home, runtime.root().as_os_str())?;
        set_string(config, &raw mut (*config).program_name, executable.as_os_str())?;
        set_string(config, &raw mut (*config).executable, executable.as_os_str())?;
        set_string(config, &raw mut (*config).base_executable, executable.as_os_str())
    }
}

#[cfg(unix)]
unsafe fn set_string<W>(config: *mut ffi::PyConfig, field: *mut *mut W, value: &OsStr) -> Result<(), String> {
    use std::os::unix::ffi::OsStrExt;

    let text = std::ffi::CString::new(value.as_bytes()).map_err(|error| error.to_string())?;
    // SAFETY: `field` belongs to `config`, and `text` lives through the call, which copies it.
    unsafe { check(ffi::PyConfig_SetBytesString(config, field.cast(), text.as_ptr())) }
}

#[cfg(windows)]
unsafe fn set_string<W>(config: *mut ffi::PyConfig, field: *mut *mut W, value: &OsStr) -> Result<(), String> {
    use std::os::windows::ffi::OsStrExt;

    let text: Vec<u16> = value.encode_wide().chain([0]).collect();
    // SAFETY: `field` belongs to `config`, and `text`, which ends with 0, lives through the call, which copies it.
    unsafe { check(ffi::PyConfig_SetString(config, field.cast(), text.as_ptr().cast())) }
}

fn check(status: ffi::PyStatus) -> Result<(), String> {
    // SAFETY: only reads the status.
    if unsafe { ffi::PyStatus_Exception(status) } == 0 {
        return Ok(());
    }
    if status.err_msg.is_null() {
        return Err("the interpreter did not start, and does not say why".to_owned());
    }
    // SAFETY: the message of a status is a static C string.
    let message = unsafe { std::ffi::CStr::from_ptr(status.err_msg) };
    Err(format!("the interpreter did not start: {}", message.to_string_lossy()))
}

/// Hands over to `lex_learning._bootstrap`, before anything imports multiprocessing.
fn bootstrap(runtime: &Runtime, package: Option<PathBuf>) -> Result<(), String> {
    Python::attach(|py| {
        let run = || -> PyResult<()> {
            if let Some(folder) = &package {
                // As text: a path object among them breaks the import of TensorFlow, here and in the workers.
                py.import("sys")?.getattr("path")?.call_method1("insert", (0, folder.as_os_str()))?;
            }
            let arguments = PyDict::new(py);
            arguments.set_item("executable", runtime.python())?;
            arguments.set_item("package_folder", package)?;
            arguments.set_item("cache_folder", lex_runtime::cache_folder())?;
            py.import("lex_learning._bootstrap")?.getattr("bootstrap")?.call((), Some(&arguments))?;
            Ok(())
        };
        run().map_err(|error| error.to_string())
    })
}
