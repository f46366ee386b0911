//! Calls of kernels from series to series from Python: a stack and weights admitted, an output of its shape, and views of
//! all without the GIL.

use crate::drive::rough_stacks::{self, Arrays};
use crate::drive::smoothed::Series;
use crate::drive::temporal::{Output, Work};
use crate::errors::{Error, guard};
use crate::exec::simd::{Path, chosen};
use crate::number::dtypes::{SAMPLES, Typed};
use crate::number::lanes::{Key, Missing};
use crate::python::arguments::{AxisArgument, nodata as checked_nodata};
use crate::python::arrays::{Dtype, Offered};
use crate::python::bands::Shared;
use crate::python::mask::Mask;
use crate::python::outputs::{Made, Out, Target, apart};
use crate::view::raw::Raw;
use crate::view::rows::{Operand, Stack};
use pyo3::prelude::*;

/// Dates that a series has at least.
const LEAST: usize = 5;

/// A call whose types and numbers keep the contract. What its arrays are is read by [`SeriesCall::run`].
pub(crate) struct SeriesCall<'py> {
    y: Offered<'py>,
    weights: Option<Offered<'py>>,
    times: Option<Vec<f64>>,
    mask: Option<Mask<'py>>,
    axis: AxisArgument,
    nodata: Option<f64>,
    threads: usize,
    out: Out<'py>,
    /// Of the result.
    pub dtype: Dtype,
}

impl<'py> SeriesCall<'py> {
    /// Admits what all kernels from series to series take.
    pub(crate) fn new(
        y: &Bound<'py, PyAny>,
        weights: Option<&Bound<'py, PyAny>>,
        times: Option<&Bound<'py, PyAny>>,
        axis: AxisArgument,
        shared: &Shared<'_, 'py>,
    ) -> PyResult<Self> {
        let y = Offered::new("y", y, SAMPLES)?;
        let floats = &[Dtype::Float32, Dtype::Float64];
        let weights = weights.map(|weights| Offered::new("weights", weights, floats)).transpose()?;
        let times = times.map(read_times).transpose()?;
        let mask = Mask::new(shared.mask)?;
        let dtype = y.dtype.output(shared.dtype)?;
        let nodata = checked_nodata(shared.nodata.as_ref(), y.dtype)?;
        let out = Out::new("out", shared.out, dtype)?;
        Ok(Self { y, weights, times, mask, axis, nodata, threads: shared.num_threads.0, out, dtype })
    }

    /// The dtype of the stack.
    pub(crate) fn input(&self) -> Dtype {
        self.y.dtype
    }

    /// The axis of time; there are enough dates, and a time for each.
    fn time(&self, shape: &[usize]) -> Result<usize, Error> {
        if shape.is_empty() {
            return Err(Error::value("y is 0-dimensional; an array of at least one dimension is accepted"));
        }
        let axis = self.axis.of("y", shape.len())?;
        let dates = shape[axis];
        if dates < LEAST {
            return Err(Error::value(format!("y has {dates} dates; at least {LEAST} are accepted")));
        }
        if let Some(times) = self.times.as_ref().filter(|times| times.len() != dates) {
            let count = times.len();
            return Err(Error::value(format!(
                "times has {count} numbers; {dates}, one for each date of y, are accepted"
            )));
        }
        Ok(axis)
    }

    /// Calls `kernel` without the GIL, with work on views of the arrays, and the times; returns the output.
    ///
    /// # Panics
    ///
    /// K and O are not the types of the stack's and the result's dtype.
    pub(crate) fn run<K: Key + Typed, O: Output + Typed>(
        &self,
        kernel: impl Fn(Work<'_, K, Series<'_, O>>, Option<&[f64]>, Path, usize) -> Result<(), Error> + Sync,
    ) -> PyResult<Bound<'py, PyAny>> {
        assert!(self.input() == K::DTYPE);
        self.time(self.y.shape())?;
        let made = self.out.make(self.y.py(), self.y.shape(), false)?;
        let arrays = self.arrays(&made)?;
        let (missing, threads, times) =
            (Missing::new(self.nodata.map(K::of_nodata)), self.threads, self.times.as_deref());
        let kernel = |work: Work<'_, K, Series<'_, O>>, path, threads| kernel(work, times, path, threads);
        self.y.py().detach(|| guard(|| rough_stacks::run(arrays, missing, chosen()?, threads, &kernel)))?;
        Ok(made.into_object())
    }

    /// Snapshots of all arrays, held against the output, with time first: from here on no Python code runs.
    fn arrays<'a, O: Typed>(&'a self, made: &'a Made<'_, 'py>) -> Result<Arrays<'a, Series<'a, O>>, Error> {
        let y = self.y.snapshot()?;
        let shape = y.raw.shape().to_vec();
        let axis = self.time(&shape)?;
        let out = made.snapshot(&shape)?;
        apart(&out, &y)?;
        let beside = |other: Result<_, Error>| {
            let other = other?;
            apart(&out, &other)?;
            Ok(time_first(other.broadcast(&shape)?, axis))
        };
        let mask = self.mask.as_ref().map(|mask| beside(mask.snapshot())).transpose()?;
        let weights = self.weights.as_ref().map(|weights| beside(weights.snapshot())).transpose()?;
        // SAFETY: it has been held against all others.
        let mut view = unsafe { Target::new(&out) }.view();
        (0..axis).rev().for_each(|axis| view.swap_axes(axis, axis + 1));
        let out = Series { out: Stack(view), weights: weights.map(Stack) };
        Ok(Arrays { x: time_first(y.raw, axis), mask, out })
    }
}

/// Dtypes of times.
const TIMES: &[Dtype] = &[
    Dtype::Float64,
    Dtype::Float32,
    Dtype::Int8,
    Dtype::Uint8,
    Dtype::Int16,
    Dtype::Uint16,
    Dtype::Int32,
    Dtype::Uint32,
    Dtype::Int64,
    Dtype::Uint64,
];

/// Times as float64, of which each is later than the one before.
fn read_times(object: &Bound<'_, PyAny>) -> PyResult<Vec<f64>> {
    let given = Offered::new("times", object, TIMES)?;
    let floats = given.as_object().call_method1("astype", (Dtype::Float64.name(),))?;
    let floats = Offered::new("times", &floats, &[Dtype::Float64])?;
    let now = floats.snapshot()?;
    let dimensions = now.raw.shape().len();
    if dimensions != 1 {
        return Err(Error::value(format!("times has {dimensions} dimensions; an array of one is accepted")).into());
    }
    let mut times = Vec::new();
    now.raw.copied(&mut times)?;
    if times.iter().all(|time: &f64| time.is_finite()) && times.is_sorted_by(|a, b| a < b) {
        return Ok(times);
    }
    Err(Error::value("times are not all finite and increasing; each must be later than the one before").into())
}

/// Makes `axis` axis 0, where time has to be.
fn time_first(mut array: Raw<'_>, axis: usize) -> Raw<'_> {
    (0..axis).rev().for_each(|axis| array.swap(axis, axis + 1));
    array
}
