//! Calls of elementwise kernels from Python: bands admitted together, an output for them, and views of all without the
//! GIL.

use crate::drive::elementwise::Bands;
use crate::drive::judge::Asked;
use crate::drive::quality::Quality;
use crate::drive::rough_bands::{self, Arrays, Kernel, Rules};
use crate::errors::{Error, guard};
use crate::exec::simd::{Path, chosen};
use crate::number::dtypes::Typed;
use crate::number::lanes::Key;
use crate::number::real::Real;
use crate::python::arguments::{Nodata, Threads, nodata as checked_nodata};
use crate::python::arrays::{Dtype, Offered};
use crate::python::mask::Mask;
use crate::python::outputs::{Made, Out, Target, apart, each, in_place};
use crate::python::snapshots::Snapshot;
use crate::python::strips::Strips;
use crate::view::parts::Sample;
use crate::view::raw::Raw;
use crate::view::rows::broadcast_shape;
use pyo3::prelude::*;

/// The arguments that all kernels share, as they were given.
pub(crate) struct Shared<'a, 'py> {
    pub nodata: Option<Nodata>,
    pub mask: Option<&'a Bound<'py, PyAny>>,
    pub dtype: Option<&'a Bound<'py, PyAny>>,
    pub out: Option<&'a Bound<'py, PyAny>>,
    pub num_threads: Threads,
}

/// A call whose types and numbers keep the contract. What its arrays are is read by [`BandCall::run`].
pub(crate) struct BandCall<'py, const N: usize> {
    pub out: Out<'py>,
    inputs: [Offered<'py>; N],
    mask: Option<Mask<'py>>,
    quality: Option<(Offered<'py>, Asked)>,
    nodata: Option<f64>,
    threads: usize,
}

impl<'py, const N: usize> BandCall<'py, N> {
    /// Admits inputs of those names and dtypes.
    pub(crate) fn new(
        names: [&'static str; N],
        objects: [&Bound<'py, PyAny>; N],
        accepted: &[Dtype],
        shared: &Shared<'_, 'py>,
    ) -> PyResult<Self> {
        let inputs = each(|i| Offered::new(names[i], objects[i], accepted))?;
        let mask = Mask::new(shared.mask)?;
        one_dtype(&inputs)?;
        let first = inputs[0].dtype;
        let dtype = first.output(shared.dtype)?;
        let nodata = checked_nodata(shared.nodata.as_ref(), first)?;
        let out = Out::new("out", shared.out, dtype)?;
        Ok(Self { out, inputs, mask, quality: None, nodata, threads: shared.num_threads.0 })
    }

    /// The dtype of the inputs.
    pub(crate) fn dtype(&self) -> Dtype {
        self.inputs[0].dtype
    }

    /// The same call with a quality band, which hides what is asked of it.
    pub(crate) fn with_quality(self, quality: Option<(Offered<'py>, Asked)>) -> Self {
        Self { quality, ..self }
    }

    /// Runs a kernel on the bands without the GIL; returns the output.
    ///
    /// # Panics
    ///
    /// I and O are not the types of the inputs' and the output's dtype.
    pub(crate) fn run<I, O>(
        &self,
        kernel: impl Fn(Bands<'_, I, O, N>, Path, usize) -> Result<(), Error> + Sync,
    ) -> PyResult<Bound<'py, PyAny>>
    where
        I: Key + Sample<O> + Typed,
        O: Real + Typed,
    {
        self.call(&|bands, _, path, threads| kernel(bands, path, threads))
    }

    /// [`run`](Self::run) of a kernel that takes a quality band as well.
    ///
    /// # Panics
    ///
    /// As it does.
    pub(crate) fn run_with_quality<I, O>(
        &self,
        kernel: impl Fn(Bands<'_, I, O, N>, Quality<'_>, Path, usize) -> Result<(), Error> + Sync,
    ) -> PyResult<Bound<'py, PyAny>>
    where
        I: Key + Sample<O> + Typed,
        O: Real + Typed,
    {
        self.call(&kernel)
    }

    fn call<I, O>(&self, kernel: Kernel<'_, I, O, N>) -> PyResult<Bound<'py, PyAny>>
    where
        I: Key + Sample<O> + Typed,
        O: Real + Typed,
    {
        assert!(self.dtype() == I::DTYPE && self.out.dtype == O::DTYPE);
        let py = self.inputs[0].py();
        let shape = common_shape(&self.inputs)?;
        let made = self.out.make(py, &shape, self.inputs.iter().all(Offered::is_fortran))?;
        let (nodata, threads) = (self.nodata.map(I::of_nodata), self.threads);
        if let Some(mut strips) = self.strips(&made, &shape) {
            py.detach(|| guard(|| strips.run(nodata, chosen()?, threads, kernel)))?;
        } else {
            let mut arrays = self.arrays::<O>(&made, &shape)?;
            let rules = Rules { nodata, asked: self.quality.as_ref().map(|(_, asked)| asked) };
            py.detach(|| guard(|| rough_bands::run(&mut arrays, rules, chosen()?, threads, kernel)))?;
        }
        if shape.is_empty() { made.into_object_or_scalar() } else { Ok(made.into_object()) }
    }

    /// All arrays, if each is a strip that lies well to the others: from here on no Python code runs.
    fn strips<'a>(&'a self, made: &'a Made<'_, 'py>, shape: &[usize]) -> Option<Strips<'a, N>> {
        let out = made.array().strip(shape)?;
        let inputs = each(|i| self.inputs[i].strip(shape).ok_or(())).ok()?;
        let mask = match &self.mask {
            Some(mask) => Some(mask.strip(shape)?),
            None => None,
        };
        let quality = match &self.quality {
            Some((band, asked)) => Some((band.strip(shape)?, asked)),
            None => None,
        };
        Strips::new(inputs, mask, quality, out)
    }

    /// Snapshots of all arrays, held against each other: from here on no Python code runs.
    fn arrays<'a, O: Typed>(&'a self, made: &'a Made<'_, 'py>, shape: &[usize]) -> Result<Arrays<'a, O, N>, Error> {
        let out = made.snapshot(shape)?;
        let input = |i: usize| -> Result<Option<Raw<'a>>, Error> {
            let input = self.inputs[i].snapshot()?;
            if in_place(&out, &input)? { Ok(None) } else { input.broadcast(shape).map(Some) }
        };
        let beside = |other: Snapshot<'a>| -> Result<Raw<'a>, Error> {
            apart(&out, &other)?;
            other.broadcast(shape)
        };
        let inputs = each(input)?;
        let mask = self.mask.as_ref().map(|mask| beside(mask.snapshot()?)).transpose()?;
        let quality = self.quality.as_ref().map(|(band, _)| beside(band.snapshot()?)).transpose()?;
        // SAFETY: it has been held against all of them, and what shares memory with it is not among them.
        let out = unsafe { Target::new(&out) }.view();
        Ok(Arrays { inputs, mask, quality, out })
    }
}

fn one_dtype(inputs: &[Offered<'_>]) -> Result<(), Error> {
    let first = &inputs[0];
    let Some(other) = inputs.iter().find(|input| input.dtype != first.dtype) else { return Ok(()) };
    Err(Error::kind(format!(
        "{} is {} and {} is {}; all must be of one dtype",
        first.name(),
        first.dtype.name(),
        other.name(),
        other.dtype.name()
    )))
}

fn common_shape(inputs: &[Offered<'_>]) -> Result<Vec<usize>, Error> {
    let mut shape = inputs[0].shape().to_vec();
    for input in &inputs[1..] {
        let own = input.shape();
        if own != shape {
            shape = broadcast_shape(&shape, own).ok_or_else(|| {
                let name = input.name();
                Error::value(format!(
                    "{name} has the shape {own:?}, which does not broadcast with {shape:?} of what is before it"
                ))
            })?;
        }
    }
    Ok(shape)
}
