//! Ctrl-C during a training: the first ends the search and keeps its best model, the second gives up.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use signal_hook::consts::SIGINT;
use signal_hook::flag;

use crate::models::Watch;

const LOOKS: Duration = Duration::from_millis(100);

/// Runs a training that Ctrl-C ends by its watch. Afterwards, and after the second, Ctrl-C ends the program as ever.
pub(super) fn during<T>(watch: &Watch, train: impl FnOnce() -> T) -> T {
    let keys = Keys::default();
    if let Err(error) = keys.register() {
        tracing::warn!(%error, "Ctrl-C will end the program, and not just the search");
    }
    thread::scope(|scope| {
        // Also where the training panics: the scope waits for the thread.
        let _over = Over(&keys.is_over);
        scope.spawn(|| keys.listen(watch));
        train()
    })
}

#[derive(Default)]
struct Keys {
    is_pressed: Arc<AtomicBool>,
    is_over: Arc<AtomicBool>,
}

impl Keys {
    fn register(&self) -> io::Result<()> {
        flag::register_conditional_default(SIGINT, Arc::clone(&self.is_over))?;
        flag::register(SIGINT, Arc::clone(&self.is_pressed)).map(drop)
    }

    fn listen(&self, watch: &Watch) {
        let mut is_stopped = false;
        while !self.is_over.load(Ordering::Acquire) {
            if self.is_pressed.swap(false, Ordering::AcqRel) {
                if is_stopped {
                    tracing::warn!("giving up the training");
                    self.is_over.store(true, Ordering::Release);
                    watch.cancel();
                } else {
                    tracing::warn!(
                        "ending the search: the best model so far is kept; press Ctrl-C again to give it up"
                    );
                    is_stopped = true;
                    watch.stop();
                }
            }
            thread::sleep(LOOKS);
        }
    }
}

/// Sets a flag when it is dropped.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}
