//! Calls of statistics of zones from Python: values and zones admitted, outputs for them, and views without the GIL.

use crate::drive::group::{Grouped, Results, Work};
use crate::errors::{Error, guard};
use crate::exec::simd::{Path, chosen};
use crate::number::dtypes::{LABELS, SAMPLES, Typed};
use crate::number::lanes::Missing;
use crate::python::arguments::{Zones, nodata as checked_nodata};
use crate::python::arrays::{Dtype, Offered};
use crate::python::bands::Shared;
use crate::python::mask::Mask;
use crate::python::outputs::{Made, Out, Target, apart, each, several};
use crate::python::snapshots::Snapshot;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

/// Results of a call: numbers, and five statistics.
pub(crate) const RESULTS: usize = 6;

/// A call whose types and numbers keep the contract. What its arrays are is read by [`ZoneCall::run`].
pub(crate) struct ZoneCall<'py> {
    values: Offered<'py>,
    zones: Offered<'py>,
    mask: Option<Mask<'py>>,
    count: usize,
    nodata: Option<f64>,
    threads: usize,
    outs: [Out<'py>; RESULTS],
    /// What the outputs came in, if they did.
    tuple: Option<Bound<'py, PyTuple>>,
    /// Of the statistics.
    pub dtype: Dtype,
}

impl<'py> ZoneCall<'py> {
    /// Of a kernel whose statistics are of that dtype, where None is the one that was asked for.
    pub(crate) fn new(
        values: &Bound<'py, PyAny>,
        zones: &Bound<'py, PyAny>,
        count: &Zones,
        shared: &Shared<'_, 'py>,
        own: Option<Dtype>,
    ) -> PyResult<Self> {
        let values = Offered::new("values", values, SAMPLES)?;
        let zones = Offered::new("zones", zones, LABELS)?;
        let mask = Mask::new(shared.mask)?;
        let asked = values.dtype.output(shared.dtype)?;
        let dtype = own.unwrap_or(asked);
        let nodata = checked_nodata(shared.nodata.as_ref(), values.dtype)?;
        let dtypes = std::array::from_fn(|i| if i == 0 { Dtype::Int64 } else { dtype });
        let (outs, tuple) = several(shared.out, dtypes)?;
        let threads = shared.num_threads.0;
        Ok(Self { values, zones, mask, count: count.0, nodata, threads, outs, tuple, dtype })
    }

    /// The dtype of the values.
    pub(crate) fn input(&self) -> Dtype {
        self.values.dtype
    }

    /// The shape of the results.
    fn shape(&self, values: &[usize], zones: &[usize]) -> Result<Vec<usize>, Error> {
        match values.len().checked_sub(zones.len()).map(|leading| values.split_at(leading)) {
            Some((leading, trailing)) if trailing == zones => Ok([leading, &[self.count]].concat()),
            _ => Err(Error::value(format!(
                "zones has the shape {zones:?}; that of the last axes of values, whose shape is {values:?}, is accepted"
            ))),
        }
    }

    /// Calls `kernel` without the GIL; returns the tuple of results, the very one that was handed in, if one was.
    ///
    /// # Panics
    ///
    /// I and O are not the types of the values' and the statistics' dtype.
    pub(crate) fn run<I: Grouped, O: Typed>(
        &self,
        kernel: impl Fn(Work<'_, O>, Missing<I>, Path, usize) -> Result<(), Error> + Sync,
    ) -> PyResult<Bound<'py, PyAny>> {
        assert!(self.input() == I::DTYPE && self.dtype == O::DTYPE);
        let py = self.values.py();
        let shape = self.shape(self.values.shape(), self.zones.shape())?;
        let made = each(|i| self.outs[i].make(py, &shape, false))?;
        let tuple = match &self.tuple {
            Some(tuple) => tuple.clone(),
            None => PyTuple::new(py, made.each_ref().map(Made::as_object))?,
        };
        let work = self.work(&made)?;
        let (missing, threads) = (Missing::new(self.nodata.map(I::of_nodata)), self.threads);
        py.detach(|| guard(|| kernel(work, missing, chosen()?, threads)))?;
        Ok(tuple.into_any())
    }

    /// Snapshots of all arrays, held against each other: no Python code runs any more.
    fn work<'a, O: Typed>(&'a self, made: &'a [Made<'_, 'py>; RESULTS]) -> Result<Work<'a, O>, Error> {
        let (values, labels) = (self.values.snapshot()?, self.zones.snapshot()?);
        let mask = self.mask.as_ref().map(Mask::snapshot).transpose()?;
        let shape = self.shape(values.raw.shape(), labels.raw.shape())?;
        let outs: [Snapshot<'a>; RESULTS] = each(|i| made[i].snapshot(&shape))?;
        for (i, out) in outs.iter().enumerate() {
            let others = outs[..i].iter().chain([&values, &labels]).chain(&mask);
            others.into_iter().try_for_each(|other| apart(out, other))?;
        }
        let mask = mask.map(|mask| mask.broadcast(values.raw.shape())).transpose()?;
        // SAFETY: each has been held against all others.
        let [count, others @ ..] = outs.each_ref().map(|out| unsafe { Target::new(out) });
        let out = Results { count: count.view(), others: others.map(Target::view) };
        Ok(Work { values: values.raw, mask, labels: labels.raw, out })
    }
}
