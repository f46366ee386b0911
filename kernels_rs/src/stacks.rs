//! What the bindings of all reductions over time take, checked once, and how they call the kernel.

use crate::arguments::{AxisArgument, Threads, nodata as checked_nodata};
use crate::arrays::{Admitted, Dtype};
use crate::errors::{Error, guard};
use crate::lanes::{Key, Missing};
use crate::simd::{Path, chosen};
use crate::temporal::{Results, Work};
use numpy::Element;
use pyo3::prelude::*;

/// What the bindings of all reductions over time take, checked.
pub struct Call<'py> {
    x: Admitted<'py>,
    mask: Option<Admitted<'py>>,
    axis: usize,
    nodata: Option<f64>,
    threads: usize,
    /// Of the results.
    pub dtype: Dtype,
}

impl<'py> Call<'py> {
    pub fn new(
        x: &Bound<'py, PyAny>,
        axis: &AxisArgument,
        nodata: Option<&Bound<'py, PyAny>>,
        mask: Option<&Bound<'py, PyAny>>,
        dtype: Option<&Bound<'py, PyAny>>,
        num_threads: &Threads,
    ) -> PyResult<Self> {
        let (x, mask) = (Admitted::samples("x", x)?, Admitted::mask(mask)?);
        mask.as_ref().map_or(Ok(()), |mask| mask.broadcasts_to(x.shape()))?;
        let (axis, nodata) = (axis.of(x.shape().len())?, checked_nodata(nodata, x.dtype)?);
        let dtype = x.dtype.output(dtype)?;
        Ok(Self { x, mask, axis, nodata, threads: num_threads.0, dtype })
    }

    /// The dtype of the stack.
    pub fn input(&self) -> Dtype {
        self.x.dtype
    }

    pub fn py(&self) -> Python<'py> {
        self.x.py()
    }

    /// The shape of the results.
    pub fn shape(&self) -> Vec<usize> {
        let mut shape = self.x.shape().to_vec();
        shape.remove(self.axis);
        shape
    }

    /// Refuses an output that shares memory with an input.
    pub fn check(&self, out: &Admitted) -> PyResult<()> {
        let inputs = std::iter::once(&self.x).chain(&self.mask);
        inputs.into_iter().try_for_each(|input| out.overlap(input, false).map(|_| ()))
    }

    /// Calls `kernel` with work on views of the arrays, without the GIL.
    ///
    /// # Safety
    ///
    /// - K is the type of the stack's dtype.
    /// - [`Call::check`] has accepted every array of which `out` holds views.
    pub unsafe fn run<K: Key + Element, R: Results>(
        &self,
        out: R,
        kernel: impl FnOnce(Work<'_, K, R>, Path, usize) -> Result<(), Error> + Send,
    ) -> PyResult<()> {
        // SAFETY: the caller's; nothing else writes to an input, as no output shares its memory.
        let x = unsafe { self.x.view::<K>() };
        let mask = self.mask.as_ref().map(Admitted::bytes);
        let mask = mask.as_ref().and_then(|mask| mask.broadcast(x.raw_dim()));
        let work = Work { x, mask, missing: Missing::new(self.nodata.map(K::of_nodata)), out };
        let (work, threads) = (work.time_first(self.axis), self.threads);
        Ok(self.py().detach(|| guard(|| kernel(work, chosen()?, threads)))?)
    }
}
