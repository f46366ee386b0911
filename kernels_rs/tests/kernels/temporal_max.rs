//! The maximum is, bit for bit, what going through each pixel's values one by one gives.

use super::common::{Bits, Kind, Layout, Rng, Stored, Value, assert_same_bits};
use super::stacks::{Case, Scene, cases, plain};
use crate::drive::temporal::{Output, Work};
use crate::exec::simd::Path;
use crate::kernels::temporal_max::temporal_max;
use crate::number::lanes::{Key, Missing};
use crate::number::real::Real;
use proptest::prelude::*;

/// Computes one case on every path and compares all of the output's storage.
fn check<K: Key + Value, O: Real + Output + From<K> + Bits + Value>(case: &Case) {
    let mut rng = Rng(case.seed);
    let scene: Scene<K> = Scene::new(case, &mut rng, |x| x);
    let before: Stored<O> = Stored::new(case.out, &case.pixels, || O::draw(&mut rng, Kind::Few));
    let mut expected = before.storage.clone();
    let most = scene.map(|values| {
        let larger = |a, b| if a > b { a } else { b };
        values.into_iter().map(O::from).reduce(larger).map_or(O::NAN, |most| most + O::default())
    });
    case.out.arrange(expected.view_mut()).assign(&most);
    for (path, &threads) in Path::every().into_iter().flat_map(|path| case.threads.iter().map(move |n| (path, n))) {
        let mut storage = before.storage.clone();
        let (x, mask, out) = (scene.x.view(), scene.mask(), case.out.arrange(storage.view_mut()));
        let work = Work { x, mask, missing: Missing::new(K::nodata(case.nodata)), out };
        temporal_max(work.time_first(case.time_axis), path, threads).expect("threads start");
        assert_same_bits(&storage, &expected, &format!("{}, {threads} threads", path.name()));
    }
}

fn check_all(case: &Case) {
    check::<f32, f32>(case);
    check::<f64, f64>(case);
    check::<u8, f32>(case);
    check::<i16, f32>(case);
    check::<u16, f64>(case);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn stacks_of_any_layout_give_the_bits_of_plain_maxima(case in cases(0_usize..=40)) {
        check_all(&case);
    }
}

#[test]
fn few_pixels_on_very_many_dates_and_threads_give_them_too() {
    for (dates, pixels) in [(5000, 1), (9000, 3), (9000, 10), (73, 7000)] {
        let mask = Some((30, Layout::C));
        check_all(&Case { pixels: vec![pixels], mask, threads: vec![1, 3], kind: Kind::Limits, ..plain(dates) });
    }
}
