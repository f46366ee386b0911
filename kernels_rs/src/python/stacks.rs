//! Calls of reductions over time from Python: a stack admitted, outputs for it, and views of all without the GIL.

use crate::drive::rough_stacks::{self, Arrays, Kernel};
use crate::drive::temporal::{Output, Results, Work};
use crate::errors::{Error, guard};
use crate::exec::simd::{Path, chosen};
use crate::number::dtypes::Typed;
use crate::number::lanes::{Key, Missing};
use crate::python::arguments::{AxisArgument, nodata as checked_nodata};
use crate::python::arrays::{Dtype, Offered};
use crate::python::bands::Shared;
use crate::python::mask::Mask;
use crate::python::outputs::{Made, Out, Target, apart, each, several};
use crate::view::raw::Raw;
use crate::view::rows::Operand;
use ndarray::ArrayViewMutD;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

/// A call with N results whose types and numbers keep the contract. What its arrays are is read by [`StackCall::run`].
pub(crate) struct StackCall<'py, const N: usize> {
    x: Offered<'py>,
    mask: Option<Mask<'py>>,
    axis: AxisArgument,
    nodata: Option<f64>,
    threads: usize,
    outs: [Out<'py>; N],
    /// What the outputs came in, if they did.
    tuple: Option<Bound<'py, PyTuple>>,
    /// Of the results.
    pub dtype: Dtype,
}

impl<'py> StackCall<'py, 1> {
    /// Of a kernel that has one result.
    pub(crate) fn new(x: &Bound<'py, PyAny>, axis: AxisArgument, shared: &Shared<'_, 'py>) -> PyResult<Self> {
        Self::admit(x, axis, shared, |dtype| Ok(([Out::new("out", shared.out, dtype)?], None)))
    }
}

impl<'py> StackCall<'py, 3> {
    /// Of a kernel that has results of these dtypes, where None is the one that was asked for.
    pub(crate) fn several(
        x: &Bound<'py, PyAny>,
        axis: AxisArgument,
        shared: &Shared<'_, 'py>,
        dtypes: [Option<Dtype>; 3],
    ) -> PyResult<Self> {
        Self::admit(x, axis, shared, |dtype| several(shared.out, dtypes.map(|own| own.unwrap_or(dtype))))
    }
}

/// Outputs, and the tuple that they came in.
type Outs<'py, const N: usize> = ([Out<'py>; N], Option<Bound<'py, PyTuple>>);

impl<'py, const N: usize> StackCall<'py, N> {
    fn admit(
        x: &Bound<'py, PyAny>,
        axis: AxisArgument,
        shared: &Shared<'_, 'py>,
        outs: impl FnOnce(Dtype) -> PyResult<Outs<'py, N>>,
    ) -> PyResult<Self> {
        let x = Offered::new("x", x, crate::number::dtypes::SAMPLES)?;
        let mask = Mask::new(shared.mask)?;
        let dtype = x.dtype.output(shared.dtype)?;
        let nodata = checked_nodata(shared.nodata.as_ref(), x.dtype)?;
        let (outs, tuple) = outs(dtype)?;
        Ok(Self { x, mask, axis, nodata, threads: shared.num_threads.0, outs, tuple, dtype })
    }

    /// The dtype of the stack.
    pub(crate) fn input(&self) -> Dtype {
        self.x.dtype
    }

    /// The outputs, all there; fresh ones are made. No Python code runs any more afterwards.
    fn made(&self) -> PyResult<[Made<'_, 'py>; N]> {
        let shape = self.shape(self.x.shape())?;
        each(|i| self.outs[i].make(self.x.py(), &shape, false))
    }

    /// The shape of the results.
    fn shape(&self, x: &[usize]) -> Result<Vec<usize>, Error> {
        let mut shape = x.to_vec();
        if shape.is_empty() {
            return Err(Error::value("x is 0-dimensional; an array of at least one dimension is accepted"));
        }
        let dates = shape.remove(self.axis.of("x", shape.len())?);
        if i32::try_from(dates).is_err() {
            return Err(Error::Overflow(format!(
                "x has {dates} dates; at most {} are accepted, as int32 counts them",
                i32::MAX
            )));
        }
        Ok(shape)
    }

    /// Snapshots of all arrays, held against each other, with time first.
    fn arrays<'a>(&'a self, made: &'a [Made<'_, 'py>; N]) -> Result<Arrays<'a, [Target<'a>; N]>, Error> {
        let x = self.x.snapshot()?;
        let mask = self.mask.as_ref().map(Mask::snapshot).transpose()?;
        let shape = self.shape(x.raw.shape())?;
        let outs = each(|i| made[i].snapshot(&shape))?;
        for (i, out) in outs.iter().enumerate() {
            outs[..i].iter().chain([&x]).chain(&mask).try_for_each(|other| apart(out, other))?;
        }
        let axis = self.axis.of("x", x.raw.shape().len())?;
        let wide = mask.map(|mask| mask.broadcast(x.raw.shape())).transpose()?;
        // SAFETY: each has been held against all others.
        let out = outs.each_ref().map(|out| unsafe { Target::new(out) });
        Ok(Arrays { x: time_first(x.raw, axis), mask: wide.map(|mask| time_first(mask, axis)), out })
    }

    /// Calls `kernel` without the GIL.
    fn compute<K: Key + Typed, R: Results>(&self, arrays: Arrays<'_, R>, kernel: Kernel<'_, K, R>) -> PyResult<()> {
        assert!(self.input() == K::DTYPE);
        let (missing, threads) = (Missing::new(self.nodata.map(K::of_nodata)), self.threads);
        Ok(self.x.py().detach(|| guard(|| rough_stacks::run(arrays, missing, chosen()?, threads, kernel)))?)
    }
}

impl<'py> StackCall<'py, 1> {
    /// Calls `kernel` without the GIL, with work on views of the arrays; returns the output.
    ///
    /// # Panics
    ///
    /// K and O are not the types of the stack's and the result's dtype.
    pub(crate) fn run<K: Key + Typed, O: Output + Typed>(
        &self,
        kernel: impl Fn(Work<'_, K, ArrayViewMutD<'_, O>>, Path, usize) -> Result<(), Error> + Sync,
    ) -> PyResult<Bound<'py, PyAny>> {
        let made = self.made()?;
        let Arrays { x, mask, out: [out] } = self.arrays(&made)?;
        self.compute::<K, _>(Arrays { x, mask, out: out.view() }, &kernel)?;
        let [made] = made;
        Ok(made.into_object())
    }
}

impl<'py> StackCall<'py, 3> {
    /// The same of three results; returns the tuple of them, the very one that was handed in, if one was.
    ///
    /// # Panics
    ///
    /// K, A, B and C are not the types of the stack's and the results' dtypes.
    pub(crate) fn run<K: Key + Typed, A: Output + Typed, B: Output + Typed, C: Output + Typed>(
        &self,
        kernel: impl Fn(Work<'_, K, Three<'_, A, B, C>>, Path, usize) -> Result<(), Error> + Sync,
    ) -> PyResult<Bound<'py, PyAny>> {
        let made = self.made()?;
        let tuple = match &self.tuple {
            Some(tuple) => tuple.clone(),
            None => PyTuple::new(self.x.py(), made.each_ref().map(Made::as_object))?,
        };
        let Arrays { x, mask, out: [a, b, c] } = self.arrays(&made)?;
        self.compute::<K, _>(Arrays { x, mask, out: (a.view(), b.view(), c.view()) }, &kernel)?;
        Ok(tuple.into_any())
    }
}

/// Three results.
type Three<'o, A, B, C> = (ArrayViewMutD<'o, A>, ArrayViewMutD<'o, B>, ArrayViewMutD<'o, C>);

/// Makes `axis` axis 0, where time has to be.
fn time_first(mut array: Raw<'_>, axis: usize) -> Raw<'_> {
    (0..axis).rev().for_each(|axis| array.swap(axis, axis + 1));
    array
}
