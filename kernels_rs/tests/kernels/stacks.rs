//! What the tests of reductions over time share: stacks with gaps, and a slow twin that goes pixel by pixel.

use super::common::{Kind, Layout, Rng, Stored, Value};
use ndarray::{ArrayD, ArrayViewD, Axis, Dimension};
use proptest::prelude::*;

#[derive(Clone, Debug)]
pub(super) struct Case {
    pub seed: u64,
    pub dates: usize,
    /// The shape without time.
    pub pixels: Vec<usize>,
    pub time_axis: usize,
    pub kind: Kind,
    pub layout: Layout,
    pub out: Layout,
    pub nodata: usize,
    /// How many of 100 values are missing.
    pub gaps: u16,
    /// How many of 100 values are masked, and how the mask lies in memory.
    pub mask: Option<(u16, Layout)>,
    pub threads: Vec<usize>,
}

pub(super) fn cases(dates: impl Strategy<Value = usize>) -> impl Strategy<Value = Case> {
    let pixels = prop_oneof![
        2 => proptest::collection::vec(1_usize..700, 1),
        1 => proptest::collection::vec(1_usize..40, 2),
        1 => proptest::collection::vec(1_usize..8, 3),
        1 => proptest::sample::select(vec![vec![], vec![1], vec![1, 1], vec![127], vec![128], vec![513], vec![3, 0]]),
    ];
    let kind = proptest::sample::select(vec![Kind::Any, Kind::Few, Kind::Limits]);
    let shares = || proptest::sample::select(vec![0_u16, 5, 30, 60, 95, 100]);
    let mask = proptest::option::of((shares(), Layout::any()));
    let lies = (any::<proptest::sample::Index>(), Layout::any(), Layout::writable());
    (any::<u64>(), dates, pixels, kind, lies, 0_usize..4, shares(), mask).prop_map(
        |(seed, dates, pixels, kind, (axis, layout, out), nodata, gaps, mask)| {
            let time_axis = axis.index(pixels.len() + 1);
            Case { seed, dates, pixels, time_axis, kind, layout, out, nodata, gaps, mask, threads: vec![1] }
        },
    )
}

pub(super) fn plain(dates: usize) -> Case {
    Case {
        seed: dates as u64,
        dates,
        pixels: vec![131],
        time_axis: 0,
        kind: Kind::Any,
        layout: Layout::C,
        out: Layout::C,
        nodata: 1,
        gaps: 30,
        mask: None,
        threads: vec![1],
    }
}

/// The stack of a case, values with gaps, and its mask.
pub(super) struct Scene<K> {
    pub x: Stored<K>,
    mask: Stored<u8>,
    masked: bool,
    order: Vec<usize>,
    nodata: Option<K>,
}

impl<K: Value> Scene<K> {
    pub(super) fn new(case: &Case, rng: &mut Rng, change: impl Fn(K) -> K) -> Self {
        let mut shape = case.pixels.clone();
        shape.insert(case.time_axis, case.dates);
        let nodata = K::nodata(case.nodata);
        let gap = K::gap(nodata);
        let x = Stored::new(case.layout, &shape, || {
            let value = change(K::draw(rng, case.kind));
            gap.filter(|_| rng.percent(case.gaps)).unwrap_or(value)
        });
        let (masked, layout) = case.mask.unwrap_or((0, Layout::C));
        let mask = Stored::new(layout, &shape, || rng.mark(masked));
        let mut order: Vec<usize> = (0..shape.len()).collect();
        order.remove(case.time_axis);
        order.insert(0, case.time_axis);
        Self { x, mask, masked: case.mask.is_some(), order, nodata }
    }

    /// The mask, if the case has one.
    pub(super) fn mask(&self) -> Option<ArrayViewD<'_, u8>> {
        self.masked.then(|| self.mask.view())
    }

    /// What `reduce` makes of the values of each pixel that are not missing, in the order of dates.
    pub(super) fn map<T>(&self, mut reduce: impl FnMut(Vec<K>) -> T) -> ArrayD<T> {
        let x = self.x.view().permuted_axes(self.order.clone());
        let mask = self.mask.view().permuted_axes(self.order.clone());
        ArrayD::from_shape_fn(x.shape()[1..].to_vec(), |index| {
            let (mut x, mut marks) = (x.clone(), mask.clone());
            for axis in (0..index.ndim()).rev() {
                x.index_axis_inplace(Axis(axis + 1), index[axis]);
                marks.index_axis_inplace(Axis(axis + 1), index[axis]);
            }
            let kept = |mark: u8| !self.masked || mark == 0;
            let valid = x.iter().zip(&marks).filter(|&(value, mark)| kept(*mark) && !value.is_gap(self.nodata));
            reduce(valid.map(|(value, _)| *value).collect())
        })
    }
}
