//! What can go wrong.

use std::fmt;

/// A refusal, worded as a sentence that names the argument, what it was and what is accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The argument is of a wrong kind: `TypeError`.
    Type(String),
    /// The argument has a wrong value: `ValueError`.
    Value(String),
    /// More of something than can be counted: `OverflowError`.
    Overflow(String),
    /// Memory or threads that cannot be had, with how much was asked for: `MemoryError`.
    Memory(String),
    /// A signal handler of Python's raised; what it raised waits to be raised again.
    Interrupted,
    /// A defect of this package: `RuntimeError`.
    Internal(String),
}

impl Error {
    /// A wrong kind of argument.
    pub(crate) fn kind(message: impl Into<String>) -> Self {
        Self::Type(message.into())
    }

    /// A wrong value of an argument.
    pub(crate) fn value(message: impl Into<String>) -> Self {
        Self::Value(message.into())
    }

    /// Memory that cannot be had: `bytes` for `what`.
    pub(crate) fn memory(what: impl fmt::Display, bytes: usize) -> Self {
        Self::Memory(format!("{bytes} bytes for {what} cannot be had"))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Type(message)
            | Self::Value(message)
            | Self::Overflow(message)
            | Self::Memory(message)
            | Self::Internal(message) => f.write_str(message),
            Self::Interrupted => f.write_str("interrupted by a signal"),
        }
    }
}

impl std::error::Error for Error {}

/// Runs `work`; a panic in it becomes [`Error::Internal`].
///
/// `PyO3` would turn a panic into `PanicException`, which derives from `BaseException`: `except Exception` would not
/// see it, and a worker would die of it. Outputs that were half written are only ever seen by the caller who handed
/// them in, so unwinding past them breaks no invariant.
///
/// # Errors
///
/// What `work` returns, or the panic's message.
pub(crate) fn guard<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).unwrap_or_else(|payload| {
        let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text =
            text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned());
        Err(Error::Internal(format!("eokernels has a defect, please report it: {text}")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error_with_its_message() {
        let caught = guard::<()>(|| panic!("index {} of {}", 3, 2)).unwrap_err();
        assert!(matches!(&caught, Error::Internal(text) if text.ends_with("index 3 of 2")), "{caught}");
        assert!(matches!(guard::<()>(|| panic!("plain")), Err(Error::Internal(text)) if text.ends_with("plain")));
    }

    #[test]
    fn results_pass_through() {
        assert_eq!(guard(|| Ok(1)), Ok(1));
        assert_eq!(guard::<()>(|| Err(Error::value("no"))), Err(Error::Value("no".to_owned())));
    }
}
