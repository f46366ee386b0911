//! Signals: whether a handler wants a call to end. Who knows is told by whoever embeds the kernels.

use crate::exec::watch::Poll;
use std::sync::OnceLock;

static ASKED: OnceLock<fn() -> Poll> = OnceLock::new();

/// Has `poll` asked from now on; the first one stays. Without one there are no handlers.
pub(crate) fn ask(poll: fn() -> Poll) {
    _ = ASKED.set(poll);
}

/// Runs the handlers of signals that have come, if this thread is theirs.
#[must_use]
pub(crate) fn poll() -> Poll {
    ASKED.get().map_or_else(Poll::default, |poll| poll())
}
