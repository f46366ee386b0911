//! Snapshots: what an array is once no Python code runs any more, whatever it is.

use crate::errors::Error;
use crate::python::arrays::{MOST_DIMENSIONS, Offered};
use crate::view::raw::Raw;

/// What an array is from the moment on at which no Python code runs any more.
#[derive(Clone)]
pub(crate) struct Snapshot<'a> {
    pub name: &'static str,
    pub raw: Raw<'a>,
    pub writeable: bool,
}

impl Offered<'_> {
    /// What the array is now: call it when the last Python code has run, and use nothing else from then on.
    pub(crate) fn snapshot(&self) -> Result<Snapshot<'_>, Error> {
        let name = self.name();
        let now = self
            .described()
            .ok_or_else(|| Error::value(format!("{name} was changed while the arguments were read")))?;
        let shape = now.shape;
        if shape.len() > MOST_DIMENSIONS {
            let message = format!("{name} has {} dimensions; at most {MOST_DIMENSIONS} are accepted", shape.len());
            return Err(Error::value(message));
        }
        // SAFETY: NumPy's own description of memory that the view keeps alive. That other threads may write to it
        // is documented at every kernel: it makes results undefined, as it does with NumPy itself.
        let raw = unsafe { Raw::new(now.start, shape, now.strides, self.dtype) }
            .ok_or_else(|| Error::value(format!("{name} has the shape {shape:?}, more elements than there can be")))?;
        Ok(Snapshot { name, raw, writeable: now.writeable })
    }
}

impl<'a> Snapshot<'a> {
    /// Its elements, broadcast to a shape.
    pub(crate) fn broadcast(self, shape: &[usize]) -> Result<Raw<'a>, Error> {
        if self.raw.shape() == shape {
            return Ok(self.raw);
        }
        let (name, own) = (self.name, self.raw.shape().to_vec());
        self.raw
            .broadcast(shape)
            .ok_or_else(|| Error::value(format!("{name} has the shape {own:?}, which does not broadcast to {shape:?}")))
    }
}
