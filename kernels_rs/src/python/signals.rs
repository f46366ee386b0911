//! Python's signals: whether one of its handlers wants a call to end, asked by a thread that is not attached to it.
//!
//! Python's own handler of a signal only notes it; what the user has registered runs when the main thread asks. Other
//! threads never run handlers, so they do not wait for Python's lock to ask either, except once to learn which they are.
//! What a handler raised waits in the thread until the call returns, and is raised then.

use crate::exec::watch::Poll;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::cell::Cell;
use std::process::id;
use std::time::Instant;

thread_local! {
    /// Whether this is the main thread, as the process of that number knows it: a fork makes its thread the main one.
    static IS_MAIN: Cell<Option<(u32, bool)>> = const { Cell::new(None) };
    static RAISED: Cell<Option<PyErr>> = const { Cell::new(None) };
}

/// Runs the handlers of signals that have come, in Python's main thread.
#[must_use]
pub(crate) fn poll() -> Poll {
    let process = id();
    if IS_MAIN.get() == Some((process, false)) {
        return Poll::default();
    }
    let start = Instant::now();
    // None while the interpreter shuts down: nobody runs handlers then.
    let found = Python::try_attach(|py| {
        let waited = start.elapsed();
        let done = handle(py, process);
        let interrupted = done.is_err();
        RAISED.set(done.err().or_else(|| RAISED.take()));
        Poll { interrupted, waited }
    });
    found.unwrap_or_default()
}

fn handle(py: Python<'_>, process: u32) -> PyResult<()> {
    let is_main = match IS_MAIN.get() {
        Some((known_in, is_main)) if known_in == process => is_main,
        // Python may run handlers here already, as this is Python code: what they raise is what ends the call.
        _ => is_main(py)?,
    };
    IS_MAIN.set(Some((process, is_main)));
    if is_main { py.check_signals() } else { Ok(()) }
}

/// Asks `threading`; a program that has not imported it has one thread.
fn is_main(py: Python<'_>) -> PyResult<bool> {
    let modules = py.import("sys")?.getattr("modules")?.cast_into::<PyDict>()?;
    let Some(threading) = modules.get_item("threading")? else { return Ok(true) };
    let main = threading.call_method0("main_thread")?.getattr("ident")?;
    main.eq(threading.call_method0("get_ident")?)
}

/// What a handler raised in this thread, once.
#[must_use]
pub(crate) fn raised() -> Option<PyErr> {
    RAISED.take()
}
