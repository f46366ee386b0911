//! Calls of elementwise kernels from Python: bands admitted together, an output for them, and views of all without the
//! GIL.

use crate::arguments::{Threads, nodata as checked_nodata};
use crate::arrays::{Admitted, Dtype, Overlap, Typed, output};
use crate::elementwise::Bands;
use crate::errors::{Error, guard};
use crate::lanes::Key;
use crate::parts::Sample;
use crate::real::Real;
use crate::rows::broadcast_shape;
use crate::simd::{Path, chosen};
use ndarray::ArrayViewD;
use pyo3::prelude::*;

/// The arguments that all elementwise kernels share, as they were given.
pub struct Shared<'a, 'py> {
    pub nodata: Option<&'a Bound<'py, PyAny>>,
    pub mask: Option<&'a Bound<'py, PyAny>>,
    pub dtype: Option<&'a Bound<'py, PyAny>>,
    pub out: Option<&'a Bound<'py, PyAny>>,
    pub num_threads: Threads,
}

/// A call whose arrays keep the contract: one dtype, shapes that broadcast, an output of that shape.
pub struct Call<'py, const N: usize> {
    pub out: Admitted<'py>,
    inputs: [Admitted<'py>; N],
    mask: Option<Admitted<'py>>,
    nodata: Option<f64>,
    threads: usize,
}

impl<'py, const N: usize> Call<'py, N> {
    /// Admits inputs of those names and dtypes.
    pub fn new(
        names: [&'static str; N],
        objects: [&Bound<'py, PyAny>; N],
        accepted: &[Dtype],
        shared: &Shared<'_, 'py>,
    ) -> PyResult<Self> {
        let mut inputs = [const { None }; N];
        for ((input, name), object) in inputs.iter_mut().zip(names).zip(objects) {
            *input = Some(Admitted::image(name, object, accepted)?);
        }
        let inputs = inputs.map(|input| input.expect("there is an object for every name"));
        let mask = Admitted::mask(shared.mask)?;
        let shape = common_shape(&inputs)?;
        mask.as_ref().map_or(Ok(()), |mask| mask.broadcasts_to(&shape))?;
        let first = inputs[0].dtype;
        let dtype = first.output(shared.dtype)?;
        let nodata = checked_nodata(shared.nodata, first)?;
        let fortran = inputs.iter().all(Admitted::is_fortran);
        let out = output(objects[0].py(), shared.out, &shape, dtype, fortran)?;
        mask.as_ref().map_or(Ok(Overlap::None), |mask| out.overlap(mask, false))?;
        Ok(Self { out, inputs, mask, nodata, threads: shared.num_threads.0 })
    }

    /// The dtype of the inputs.
    pub fn dtype(&self) -> Dtype {
        self.inputs[0].dtype
    }

    /// An array beside the inputs, of one of those dtypes, that broadcasts to the output's shape.
    pub fn companion(
        &self,
        name: &'static str,
        object: &Bound<'py, PyAny>,
        accepted: &[Dtype],
    ) -> PyResult<Companion<'py>> {
        let array = Admitted::new(name, object, accepted)?;
        let shape = self.out.shape().to_vec();
        array.broadcasts_to(&shape)?;
        self.out.overlap(&array, false)?;
        Ok(Companion { array, shape })
    }

    /// Runs a kernel on the bands without the GIL.
    ///
    /// # Panics
    ///
    /// I and O are not the types of the inputs' and the output's dtype.
    pub fn run<I, O>(
        &self,
        kernel: impl FnOnce(Bands<'_, I, O, N>, Path, usize) -> Result<(), Error> + Send,
    ) -> PyResult<()>
    where
        I: Key + Sample<O> + Typed,
        O: Real + Typed,
    {
        assert!(self.dtype() == I::DTYPE && self.out.dtype == O::DTYPE);
        let shape = self.out.shape();
        let mut inputs = [const { None }; N];
        for (view, input) in inputs.iter_mut().zip(&self.inputs) {
            let in_place = self.out.overlap(input, true)? == Overlap::Same;
            // SAFETY: I was asserted; `out` shares no element with what is not done in place.
            *view = (!in_place).then(|| unsafe { input.broadcast::<I>(shape) });
        }
        // SAFETY: every byte is a valid u8; `new` has found `out` to share none with the mask.
        let mask = self.mask.as_ref().map(|mask| unsafe { mask.broadcast::<u8>(shape) });
        // SAFETY: O was asserted; there are views of nothing but what was found to share no element with `out`.
        let out = unsafe { self.out.view_mut::<O>() };
        let bands = Bands { inputs, mask, out, nodata: self.nodata.map(I::of_nodata) };
        let threads = self.threads;
        Ok(self.out.py().detach(|| guard(|| kernel(bands, chosen()?, threads)))?)
    }

    /// The output, to return.
    pub fn into_object(self) -> Bound<'py, PyAny> {
        self.out.into_object()
    }
}

/// An array beside the inputs of a call, from [`Call::companion`].
pub struct Companion<'py> {
    array: Admitted<'py>,
    /// That of the call's output.
    shape: Vec<usize>,
}

impl Companion<'_> {
    pub fn dtype(&self) -> Dtype {
        self.array.dtype
    }

    /// Its elements, broadcast.
    ///
    /// # Panics
    ///
    /// T is not the type of its dtype.
    pub fn view<T: Typed>(&self) -> ArrayViewD<'_, T> {
        assert!(self.dtype() == T::DTYPE);
        // SAFETY: T was asserted; `Call::companion` has found the output, all that is written, to share no element.
        unsafe { self.array.broadcast(&self.shape) }
    }
}

fn common_shape(inputs: &[Admitted]) -> Result<Vec<usize>, Error> {
    let first = &inputs[0];
    let mut shape = first.shape().to_vec();
    for input in &inputs[1..] {
        if input.dtype != first.dtype {
            return Err(Error::kind(format!(
                "{} is {} and {} is {}; all must be of one dtype",
                first.name(),
                first.dtype.name(),
                input.name(),
                input.dtype.name()
            )));
        }
        if input.shape() != shape {
            shape = broadcast_shape(&shape, input.shape()).ok_or_else(|| {
                Error::value(format!(
                    "{} has the shape {:?}, which does not broadcast with {shape:?} of what is before it",
                    input.name(),
                    input.shape()
                ))
            })?;
        }
    }
    Ok(shape)
}
