//! The median over one axis of the values that are not missing.
//!
//! ```text
//! for each pixel: v = its values that are not missing, sorted;  n = their number
//!     n = 0: NaN;  n odd: v[(n - 1) / 2];  n even: 0.5 * v[n / 2 - 1] + 0.5 * v[n / 2]
//! ```
//!
//! The fast version works on W pixels side by side, one per SIMD lane. Missing values are filled so that the middle
//! ranks are the same in every lane (`lanes.rs`); then a selection network, which does the same steps whatever the values
//! are, finds them: in registers for a few dates (`small.rs`), on rows of a scratch for more (`program.rs`), and for very
//! many dates by bisection on bits (`bisect.rs`). Networks do not branch on data: their time does not depend on the gaps.
//! Lanes never meet, so the result does not depend on how pixels are cut into blocks or spread over threads.
//!
//! The file is long because a kernel stands in one file, docstring and binding included.

use crate::bisect::{self, Bits};
use crate::blocks::{Block, Row};
use crate::errors::Error;
use crate::lanes::{Gaps, Missing, Real};
use crate::par::{self, Divide};
use crate::program::Program;
use crate::rows::{Operand, Stack, middle_of_longest, simplify};
use crate::simd::{Path, Task, dispatch};
use crate::small::{SELECT_MAX, select};
use ndarray::{ArrayView2, ArrayViewD, ArrayViewMut1, ArrayViewMutD, Axis, Dimension, Ix1, Ix2, s};
use std::sync::Arc;

/// A dtype of inputs.
pub trait Series: Bits {
    /// Up to this many dates a network is faster than bisection; measured by `benches/crossover.rs`.
    const NETWORK_MAX: usize;

    /// Runs `work` with as many lanes as suit the dtype.
    fn run<O: Real + From<Self>>(work: Work<'_, Self, O>, path: Path);
}

macro_rules! series {
    ($($key:ty: $lanes:literal lanes, $wide:literal in registers, network up to $network:literal;)*) => {$(
        impl Series for $key {
            const NETWORK_MAX: usize = $network;

            fn run<O: Real + From<Self>>(work: Work<'_, Self, O>, path: Path) {
                match work.method.clone() {
                    Method::Registers => work.blocks::<$wide>(path, |block, ranks| dispatch(path, Select { block, ranks })),
                    Method::Network(program) => {
                        let (program, mut rows) = (&program, Vec::new());
                        work.blocks::<$lanes>(path, |block, ranks| dispatch(path, Run { program, block, rows: &mut rows, ranks }));
                    }
                    Method::Bisection => {
                        let mut keys = Vec::new();
                        work.blocks::<$lanes>(path, |block, ranks| dispatch(path, Bisect { block, keys: &mut keys, ranks }));
                    }
                }
            }
        }
    )*};
}

// Where network and bisection cost the same, measured by `benches/crossover.rs` on one core of a Zen 1 at 2.4 GHz with
// 40 % gaps, in nanoseconds per pixel (network / bisection): f32 1112 / 1231 at 400 dates, 1966 / 1905 at 600; f64
// 7890 / 8690 at 800, 18300 / 16700 at 1500; u16 300 / 374 at 250, 605 / 588 at 400; u8 92 / 112 at 150, 248 / 223 at
// 300. On the baseline path they lie at 600, beyond 1500, 350 and 350. Rows of 256 bytes, against rows of 128: 3 to 8 %
// less for networks, 10 to 30 % less for bisection. Selection in registers needs no scratch, so its blocks are larger.
series! {
    f32: 64 lanes, 128 in registers, network up to 500;
    f64: 32 lanes, 64 in registers, network up to 1200;
    u16: 128 lanes, 256 in registers, network up to 350;
    i16: 128 lanes, 256 in registers, network up to 350;
    u8: 256 lanes, 512 in registers, network up to 200;
}

/// How the middle ranks are found.
#[derive(Clone)]
pub enum Method {
    /// In registers, for at most `SELECT_MAX` dates.
    Registers,
    /// By a network on rows.
    Network(Arc<Program>),
    /// By bisection.
    Bisection,
}

impl Method {
    /// The fastest for that many dates.
    #[must_use]
    pub fn fastest<K: Series>(dates: usize) -> Self {
        match dates {
            0..=SELECT_MAX => Self::Registers,
            _ if dates <= K::NETWORK_MAX => Self::Network(Program::cached(dates)),
            _ => Self::Bisection,
        }
    }
}

/// A stack and where its median goes.
pub struct Work<'a, K, O> {
    /// Axis 0 is time, the others are those of `out`.
    pub x: ArrayViewD<'a, K>,
    /// Of the shape of `x`; not 0 where a value is missing. Bytes, as `NumPy` can hold a bool that is neither 0 nor 1.
    pub mask: Option<ArrayViewD<'a, u8>>,
    /// Where the results go.
    pub out: ArrayViewMutD<'a, O>,
    /// What else is missing.
    pub missing: Missing<K>,
    /// How the middle is found; see [`Method::fastest`].
    pub method: Method,
}

/// Computes `work` on that many threads.
///
/// # Errors
///
/// The threads cannot be started.
pub fn temporal_median<K: Series, O: Real + From<K>>(
    work: Work<'_, K, O>,
    path: Path,
    threads: usize,
) -> Result<(), Error> {
    let Work { x, mask, mut out, missing, method } = work;
    if out.is_empty() {
        return Ok(());
    }
    if x.is_empty() {
        out.fill(O::NAN);
        return Ok(());
    }
    let (mut x, mut mask) = (Stack(x), mask.map(Stack));
    let mut operands: Vec<&mut dyn Operand> = vec![&mut x, &mut out];
    operands.extend(mask.as_mut().map(|mask| mask as &mut dyn Operand));
    simplify(&mut operands);
    let work = Work { x: x.0, mask: mask.map(|mask| mask.0), out, missing, method };
    par::run(work, threads, &|piece| K::run(piece, path))
}

impl<K: Series, O: Real + From<K>> Divide for Work<'_, K, O> {
    fn size(&self) -> usize {
        self.x.len()
    }

    fn halve(self) -> (Self, Option<Self>) {
        // Whole blocks on the left, so that at most one block is cut.
        let Some((axis, middle)) = middle_of_longest(&self.out, 128) else { return (self, None) };
        let Self { x, mask, out, missing, method } = self;
        let (out, out_right) = out.split_at(Axis(axis), middle);
        let (x, x_right) = x.split_at(Axis(axis + 1), middle);
        let (mask, mask_right) = mask.map(|mask| mask.split_at(Axis(axis + 1), middle)).unzip();
        let right = Self { x: x_right, mask: mask_right, out: out_right, missing, method: method.clone() };
        (Self { x, mask, out, missing, method }, Some(right))
    }
}

impl<K: Series, O: Real + From<K>> Work<'_, K, O> {
    /// Makes `axis` of the stack axis 0, where it has to be.
    #[must_use]
    pub fn time_first(mut self, axis: usize) -> Self {
        for axis in (0..axis).rev() {
            self.x.swap_axes(axis, axis + 1);
            if let Some(mask) = &mut self.mask {
                mask.swap_axes(axis, axis + 1);
            }
        }
        self
    }

    /// Walks the outer axes down to rows of pixels, and these in blocks of W, whose middle ranks `middle` finds.
    fn blocks<const W: usize>(
        mut self,
        path: Path,
        mut middle: impl FnMut(Block<'_, K, W>, &mut Ranks<K, W>) -> Gaps<K, W>,
    ) {
        let mut ranks = Ranks { lo: [K::LOW; W], hi: [K::HIGH; W] };
        let outer = self.out.shape()[..self.out.ndim().saturating_sub(1)].to_vec();
        for index in ndarray::indices(outer) {
            let index = index.slice();
            let mask = self.mask.as_ref().map(|mask| row_of(mask, index));
            let row = Row { x: row_of(&self.x, index), mask, missing: self.missing };
            let mut out = one_axis(self.out.view_mut(), index);
            row.for_each::<W>(path, |block, pixels| {
                let (dates, mut medians) = (block.dates.len(), [O::NAN; W]);
                let (masked, seen) = (row.mask.is_some(), block.gaps.seen);
                let mut gaps = middle(block, &mut ranks);
                if masked {
                    gaps.seen = seen; // its gaps have been filled before, so that all of it has looked like values since
                }
                let gaps = &gaps;
                dispatch(path, Mean { dates, gaps, ranks: &ranks, medians: &mut medians });
                match out.as_slice_mut() {
                    Some(out) => out[pixels.clone()].copy_from_slice(&medians[..pixels.len()]),
                    None => out.slice_mut(s![pixels]).iter_mut().zip(medians).for_each(|(out, median)| *out = median),
                }
            });
        }
    }
}

fn one_axis<'a, T>(mut array: ArrayViewMutD<'a, T>, index: &[usize]) -> ArrayViewMut1<'a, T> {
    index.iter().for_each(|&i| array.index_axis_inplace(Axis(0), i));
    let array = if array.ndim() == 0 { array.insert_axis(Axis(0)) } else { array };
    array.into_dimensionality::<Ix1>().expect("one axis is left")
}

fn row_of<'a, T>(array: &ArrayViewD<'a, T>, index: &[usize]) -> ArrayView2<'a, T> {
    let mut array = array.clone();
    index.iter().for_each(|&i| array.index_axis_inplace(Axis(1), i));
    let array = if array.ndim() == 1 { array.insert_axis(Axis(1)) } else { array };
    array.into_dimensionality::<Ix2>().expect("time and one axis are left")
}

/// Ranks (T - 1) / 2 and the one above of every lane.
struct Ranks<K, const W: usize> {
    lo: [K; W],
    hi: [K; W],
}

/// [`Method::Registers`] for a block; returns what is known of its gaps then, as the others do.
struct Select<'a, K, const W: usize> {
    block: Block<'a, K, W>,
    ranks: &'a mut Ranks<K, W>,
}

impl<K: Series, const W: usize> Task for Select<'_, K, W> {
    type Output = Gaps<K, W>;

    #[inline(always)]
    fn run(self) -> Gaps<K, W> {
        let Block { dates, missing, mut gaps, .. } = self.block;
        select(dates, missing, &mut gaps, &mut self.ranks.lo, &mut self.ranks.hi);
        gaps
    }
}

/// [`Method::Network`] for a block.
struct Run<'a, K, const W: usize> {
    program: &'a Program,
    block: Block<'a, K, W>,
    rows: &'a mut Vec<[K; W]>,
    ranks: &'a mut Ranks<K, W>,
}

impl<K: Series, const W: usize> Task for Run<'_, K, W> {
    type Output = Gaps<K, W>;

    #[inline(always)]
    fn run(self) -> Gaps<K, W> {
        let Block { dates, upcoming, missing, mut gaps } = self.block;
        self.rows.resize(dates.len(), [K::LOW; W]);
        self.program.run(dates, upcoming, missing, &mut gaps, self.rows, [&mut self.ranks.lo, &mut self.ranks.hi]);
        gaps
    }
}

/// [`Method::Bisection`] for a block.
struct Bisect<'a, K: Bits, const W: usize> {
    block: Block<'a, K, W>,
    keys: &'a mut Vec<[K::Int; W]>,
    ranks: &'a mut Ranks<K, W>,
}

impl<K: Series, const W: usize> Task for Bisect<'_, K, W> {
    type Output = Gaps<K, W>;

    #[inline(always)]
    fn run(self) -> Gaps<K, W> {
        let Block { dates, missing, mut gaps, .. } = self.block;
        self.keys.resize(dates.len(), [K::Int::default(); W]);
        bisect::middle(dates, missing, &mut gaps, self.keys, [&mut self.ranks.lo, &mut self.ranks.hi]);
        gaps
    }
}

/// The medians of a block from its middle ranks. Apart from these, so that they are not compiled per dtype of output.
struct Mean<'a, K, O, const W: usize> {
    dates: usize,
    gaps: &'a Gaps<K, W>,
    ranks: &'a Ranks<K, W>,
    medians: &'a mut [O; W],
}

impl<K: Series, O: Real + From<K>, const W: usize> Task for Mean<'_, K, O, W> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        self.gaps.middle(self.dates, &self.ranks.lo, &self.ranks.hi, self.medians);
    }
}

#[cfg(feature = "python")]
pub mod python {
    use super::{Method, Series, Work};
    use crate::arguments::{AxisArgument, Threads, nodata as checked_nodata};
    use crate::arrays::{Admitted, by_dtype, output};
    use crate::errors::guard;
    use crate::lanes::{Missing, Real};
    use crate::simd::chosen;
    use numpy::Element;
    use pyo3::prelude::*;

    /// Median over one axis, usually time, of the values that are not missing.
    ///
    /// A cloud-masked stack becomes a composite: per pixel the middle of its valid observations.
    ///
    /// Parameters
    /// ----------
    /// x : numpy.ndarray of float32, float64, uint8, int16 or uint16
    ///     The stack, at least one dimension. Any strides (time first is fastest; a view with time last is read block by
    ///     block); it is never copied as a whole and never modified.
    /// axis : int, default 0
    ///     The axis that is reduced.
    /// nodata : int, optional
    ///     The integer that marks missing data. Only for integer stacks; floats mark it by NaN.
    /// mask : numpy.ndarray of bool, optional
    ///     True where data are missing; broadcasts to the shape of `x`.
    /// dtype : numpy.dtype, optional
    ///     float32 or float64, of the result. By default that of a float stack, and float32 for integers. Float stacks
    ///     accept only their own.
    /// out : numpy.ndarray, optional
    ///     Takes the result; of its shape and dtype, any strides. It must not share memory with `x` or `mask`.
    /// num_threads : int, default 1
    ///     Threads to use; the result has the same bits for every number.
    ///
    /// Returns
    /// -------
    /// numpy.ndarray of float32 or float64
    ///     In the unit of `x`, of its shape without `axis`: `out`, or a fresh array in C order. Of an even number of values
    ///     the median is half the one plus half the other in the middle. NaN where every value is missing or there are
    ///     none; infinities are data. No warning is ever given.
    ///
    /// Raises
    /// ------
    /// TypeError
    ///     If an array is of a wrong kind or dtype (a masked array, foreign byte order), or a number is.
    /// ValueError
    ///     If shapes do not fit, an array is 0-dimensional or misaligned, `out` is read-only or overlaps, or a number is
    ///     out of its range.
    ///
    /// Notes
    /// -----
    /// For up to a few hundred dates the time taken does not depend on which values are missing. Beside the result a
    /// thread needs room for a few hundred pixels. The GIL is released during the computation: other threads must not write to the arrays meanwhile, or the
    /// result is undefined.
    ///
    /// References
    /// ----------
    /// Batcher, K. E. (1968). Sorting networks and their applications. AFIPS Spring Joint Computer Conference, 307-314.
    ///
    /// Examples
    /// --------
    /// >>> import eokernels, numpy as np
    /// >>> eokernels.temporal_median(np.array([[1, 0], [5, 0], [3, 8]], dtype=np.uint16), nodata=0)
    /// array([3., 8.], dtype=float32)
    #[pyfunction]
    #[pyo3(
        signature = (x, axis=AxisArgument(0), *, nodata=None, mask=None, dtype=None, out=None, num_threads=Threads(1)),
        text_signature = "(x, axis=0, *, nodata=None, mask=None, dtype=None, out=None, num_threads=1)"
    )]
    #[allow(
        clippy::missing_errors_doc,
        clippy::needless_pass_by_value,
        reason = "numpydoc, and the signature is Python's"
    )]
    pub fn temporal_median<'py>(
        x: &Bound<'py, PyAny>,
        axis: AxisArgument,
        nodata: Option<&Bound<'py, PyAny>>,
        mask: Option<&Bound<'py, PyAny>>,
        dtype: Option<&Bound<'py, PyAny>>,
        out: Option<&Bound<'py, PyAny>>,
        num_threads: Threads,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (x, mask) = (Admitted::samples("x", x)?, Admitted::mask(mask)?);
        mask.as_ref().map_or(Ok(()), |mask| mask.broadcasts_to(x.shape()))?;
        let call =
            Call { axis: axis.of(x.shape().len())?, nodata: checked_nodata(nodata, x.dtype)?, threads: num_threads.0 };
        let dtype = x.dtype.output(dtype)?;
        let mut shape = x.shape().to_vec();
        shape.remove(call.axis);
        let out = output(x.py(), out, &shape, dtype, false)?;
        by_dtype!(x.dtype, dtype, compute(&call, &x, mask.as_ref(), &out))?;
        Ok(out.into_object())
    }

    struct Call {
        axis: usize,
        nodata: Option<i64>,
        threads: usize,
    }

    fn compute<K, O>(call: &Call, x: &Admitted, mask: Option<&Admitted>, out: &Admitted) -> PyResult<()>
    where
        K: Series + Element,
        O: Real + From<K> + Element,
    {
        for input in [Some(x), mask].into_iter().flatten() {
            out.overlap(input, false)?;
        }
        // SAFETY: `by_dtype` has matched K and O with the dtypes; `overlap` has found out distinct from both inputs.
        let (stack, view) = unsafe { (x.view::<K>(), out.view_mut::<O>()) };
        let mask = mask.map(Admitted::bytes);
        let mask = mask.as_ref().and_then(|mask| mask.broadcast(stack.raw_dim()));
        let work = Work {
            method: Method::fastest::<K>(x.shape()[call.axis]),
            missing: Missing::new(call.nodata.map(K::of_nodata)),
            x: stack,
            mask,
            out: view,
        };
        Ok(x.py().detach(|| guard(|| super::temporal_median(work.time_first(call.axis), chosen()?, call.threads)))?)
    }
}
