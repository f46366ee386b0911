//! Writes the straight-line code of the small networks (`src/algo/network.rs`) and the facts that `build_info()` reports.
//!
//! A loop over the lanes whose body is one whole network on scalars vectorises to one register per wire: every value
//! is loaded once, stored once, and the compare-exchanges between run in registers. Only straight-line code with
//! literal indices does that reliably, hence a generator instead of loops over a table.

#[path = "src/algo/network.rs"]
#[allow(dead_code)] // the crate uses more of it than this script
mod network;

mod facts;

use network::Step;
use std::fmt::Write as _;
use std::{env, fs, path::Path};

/// Wires that are sorted in registers: as many as AVX2 has registers. Larger runs are halved, so not below half of it.
const SORT_MAX: usize = 16;
const SORT_MIN: usize = SORT_MAX / 2;
/// Wires that are merged in one go. Larger merges are quartered, so not below a quarter of it. With more, values no longer
/// fit in the registers; with fewer there are more ladders (`docs/decisions/0011`).
const MERGE_MAX: usize = 18;
const MERGE_MIN: usize = MERGE_MAX / 4;
/// Most rungs that are climbed in one go.
const RUNGS_MAX: usize = 4;
/// Most dates whose middle ranks are found in registers, straight from the input.
const SELECT_MAX: usize = 16;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=facts.rs");
    println!("cargo:rerun-if-changed=src/algo/network.rs");
    let mut code = String::new();
    for n in SORT_MIN..=SORT_MAX {
        leaf(&mut code, n);
    }
    leaf_dispatch(&mut code);
    for n in [1, 8] {
        keys(&mut code, n);
    }
    for n in MERGE_MIN..=MERGE_MAX {
        in_place(&mut code, &format!("merge_{n}"), n, |wires, steps| {
            let (a, b) = wires.split_at(n.div_ceil(2));
            network::merge(a, b, steps)
        });
    }
    merge_dispatch(&mut code);
    for rungs in 1..=RUNGS_MAX {
        ladder(&mut code, rungs);
    }
    ladder_dispatch(&mut code);
    for selection in &SELECTIONS {
        for n in 1..=SELECT_MAX {
            select(&mut code, n, selection);
        }
        select_dispatch(&mut code, selection);
    }
    let limits = [
        ("SORT_MIN", SORT_MIN),
        ("SORT_MAX", SORT_MAX),
        ("MERGE_MIN", MERGE_MIN),
        ("MERGE_MAX", MERGE_MAX),
        ("RUNGS_MAX", RUNGS_MAX),
        ("SELECT_MAX", SELECT_MAX),
    ];
    for (name, value) in limits {
        writeln!(code, "pub(crate) const {name}: usize = {value};").unwrap();
    }
    let folder = env::var("OUT_DIR").unwrap();
    fs::write(Path::new(&folder).join("small_networks.rs"), code).unwrap();
    facts::write();
}

/// `fn name(x0, x1, …)`: loads the wires of a lane, runs the steps, stores them in ascending order.
fn in_place(code: &mut String, name: &str, n: usize, network: impl Fn(&[usize], &mut Vec<Step>) -> Vec<usize>) {
    let wires: Vec<usize> = (0..n).collect();
    let mut steps = Vec::new();
    let order = network(&wires, &mut steps);
    let parameters = list(n, |i| format!("x{i}: &mut [K; W]"));
    writeln!(code, "#[inline(always)]\nfn {name}<K: Key, const W: usize>({parameters}) {{\nfor w in 0..W {{").unwrap();
    for i in 0..n {
        writeln!(code, "let v{i} = x{i}[w];").unwrap();
    }
    steps.iter().for_each(|&step| write_step(code, step));
    let stores = order.iter().enumerate().map(|(rank, &wire)| (rank, wire));
    store(code, &steps, stores.collect());
    code.push_str("}\n}\n");
}

/// Stores wires in rows, beginning with one that at least two steps have touched.
///
/// LLVM folds "load a row, take the smaller of it and another, store it to the same row" into a masked store, unless
/// another store lies between. Masked stores take twenty times as long on AMD's processors.
fn store(code: &mut String, steps: &[Step], mut stores: Vec<(usize, usize)>) {
    let touched = |wire: usize| {
        steps.iter().filter(|step| matches!(step, Step::Exchange(a, b) if *a == wire || *b == wire)).count()
    };
    let first = stores.iter().position(|&(_, wire)| touched(wire) > 1).unwrap_or(0);
    stores.swap(0, first);
    for (row, wire) in stores {
        writeln!(code, "x{row}[w] = v{wire};").unwrap();
    }
}

fn write_step(code: &mut String, step: Step) {
    match step {
        Step::Exchange(a, b) => writeln!(code, "let (v{a}, v{b}) = (lesser(v{a}, v{b}), greater(v{a}, v{b}));"),
        Step::Min(a, b) => writeln!(code, "let v{a} = lesser(v{a}, v{b});"),
        Step::Max(a, b) => writeln!(code, "let v{a} = greater(v{a}, v{b});"),
    }
    .unwrap();
}

/// `unsafe fn merge(rows, wires)`: the one of the above for as many rows as `wires` names.
fn merge_dispatch(code: &mut String) {
    code.push_str(
        "/// Merges the rows that `wires` names, a sorted first half with a sorted second half.\n///\n/// # Safety\n///\n\
         /// The entries of `wires` differ from each other, and each is less than `rows.len()`.\n\
         #[inline(always)]\npub(crate) unsafe fn merge<K: Key, const W: usize>(rows: &mut [[K; W]], wires: &[u16]) {\nmatch wires.len() {\n",
    );
    for n in MERGE_MIN..=MERGE_MAX {
        let names = list(n, |i| format!("x{i}"));
        writeln!(code, "{n} => {{ let [{names}] = unsafe {{ pick::<K, W, {n}>(rows, wires) }}; merge_{n}({names}); }}")
            .unwrap();
    }
    code.push_str("_ => unreachable!(\"a size that no program holds\"),\n}\n}\n");
}

/// `fn ladder_k(x0, x1, …)`: see `ladder_dispatch`. What one rung hands to the next stays in a register.
fn ladder(code: &mut String, rungs: usize) {
    let rows = 4 * rungs + 1;
    let parameters = list(rows, |i| format!("x{i}: &mut [K; W]"));
    writeln!(code, "#[inline(always)]\nfn ladder_{rungs}<K: Key, const W: usize>({parameters}) {{\nfor w in 0..W {{\nlet v0 = x0[w];").unwrap();
    for rung in 0..rungs {
        let [before, v_odd, v_even, w_odd, w_even] = std::array::from_fn(|i| 4 * rung + i);
        for row in [v_odd, v_even, w_odd, w_even] {
            writeln!(code, "let v{row} = x{row}[w];").unwrap();
        }
        let steps =
            [(v_odd, v_even), (w_odd, w_even), (before, v_odd), (w_odd, v_even)].map(|(a, b)| Step::Exchange(a, b));
        steps.iter().for_each(|&step| write_step(code, step));
        store(code, &steps, [before, v_odd, v_even, w_odd].map(|row| (row, row)).to_vec());
    }
    writeln!(code, "x{0}[w] = v{0};\n}}\n}}", rows - 1).unwrap();
}

fn ladder_dispatch(code: &mut String) {
    code.push_str(
        "/// The exchanges of the two last levels of a merge, one or more rungs of them. A rung is rows (v odd, v even, w odd,\n\
         /// w even), which follow the row of w before: exchanges (v odd, v even), (w odd, w even), (w before, v odd), (w odd, v even).\n\
         /// The row of w before the next rung is this one's w even.\n///\n/// # Safety\n///\n\
         /// The entries of `wires` differ from each other, and each is less than `rows.len()`.\n\
         #[inline(always)]\npub(crate) unsafe fn ladder<K: Key, const W: usize>(rows: &mut [[K; W]], wires: &[u16]) {\nmatch wires.len() {\n",
    );
    for rungs in 1..=RUNGS_MAX {
        let rows = 4 * rungs + 1;
        let names = list(rows, |i| format!("x{i}"));
        writeln!(
            code,
            "{rows} => {{ let [{names}] = unsafe {{ pick::<K, W, {rows}>(rows, wires) }}; ladder_{rungs}({names}); }}"
        )
        .unwrap();
    }
    code.push_str("_ => unreachable!(\"a size that no program holds\"),\n}\n}\n");
}

/// `fn leaf_n(dates, missing, gaps, rows)`: fills the gaps of the input's rows and stores them sorted.
fn leaf(code: &mut String, n: usize) {
    let wires: Vec<usize> = (0..n).collect();
    let mut steps = Vec::new();
    let order = network::sort(&wires, &mut steps);
    writeln!(
        code,
        "#[inline(always)]\nfn leaf_{n}<K: Key, const W: usize>(dates: &[&[K; W]; {n}], missing: Missing<K>, gaps: &mut Gaps<K, W>, rows: &mut [[K; W]; {n}]) {{"
    )
    .unwrap();
    load_filled(code, n);
    steps.iter().for_each(|&step| write_step(code, step));
    for (rank, wire) in order.iter().enumerate() {
        writeln!(code, "rows[{rank}][w] = v{wire};").unwrap();
    }
    code.push_str("(gaps.pad[w], gaps.seen[w]) = (pad, seen);\n}\n}\n");
}

/// `fn keys_n(dates, missing, gaps, keys)`: fills the gaps and stores what results as integers.
fn keys(code: &mut String, n: usize) {
    writeln!(
        code,
        "/// Fills the gaps of {n} dates and stores them as integers.\n#[inline(always)]\npub(crate) fn keys_{n}<K: Bits, const W: usize>(dates: &[&[K; W]; {n}], missing: Missing<K>, gaps: &mut Gaps<K, W>, keys: &mut [[K::Int; W]; {n}]) {{"
    )
    .unwrap();
    load_filled(code, n);
    for i in 0..n {
        writeln!(code, "keys[{i}][w] = v{i}.to_int();").unwrap();
    }
    code.push_str("(gaps.pad[w], gaps.seen[w]) = (pad, seen);\n}\n}\n");
}

/// The head of a loop over lanes that loads the dates of a lane and fills the gaps.
fn load_filled(code: &mut String, n: usize) {
    code.push_str("for w in 0..W {\nlet (pad, seen) = (gaps.pad[w], gaps.seen[w]);\n");
    for i in 0..n {
        writeln!(code, "let (v{i}, pad, seen) = fill(dates[{i}][w], missing, pad, seen);").unwrap();
    }
}

fn leaf_dispatch(code: &mut String) {
    code.push_str(
        "/// Fills the gaps of `SORT_MIN` to `SORT_MAX` dates and stores them in ascending order, lane by lane.\n\
         #[inline(always)]\npub(crate) fn leaf<K: Key, const W: usize>(dates: &[&[K; W]], missing: Missing<K>, gaps: &mut Gaps<K, W>, rows: &mut [[K; W]]) {\nmatch dates.len() {\n",
    );
    for n in SORT_MIN..=SORT_MAX {
        writeln!(code, "{n} => leaf_{n}(array(dates), missing, gaps, array_mut(rows)),").unwrap();
    }
    code.push_str("_ => unreachable!(\"a size that no program holds\"),\n}\n}\n");
}

/// A function on a few dates, for each number of them, and how it ends.
struct Selection {
    name: &'static str,
    finds: &'static str,
    types: &'static str,
    /// After `dates` and `missing`.
    parameters: &'static str,
    arguments: &'static str,
    /// The end of its loop, from the number of dates and the wires of both middle ranks.
    end: fn(usize, &str, &str) -> String,
}

/// `fn select_n(dates, missing, gaps, lo, hi)`: the two middle ranks; `fn median_n(dates, missing, gaps, out)`: the medians at
/// once, without a trip through memory.
const SELECTIONS: [Selection; 2] = [
    Selection {
        name: "select",
        finds: "ranks (T - 1) / 2 and the one above of every lane",
        types: "K: Key, const W: usize",
        parameters: "gaps: &mut Gaps<K, W>, lo: &mut [K; W], hi: &mut [K; W]",
        arguments: "gaps, lo, hi",
        end: |_, lo, hi| format!("(gaps.pad[w], gaps.seen[w]) = (pad, seen);\n(lo[w], hi[w]) = ({lo}, {hi});"),
    },
    Selection {
        name: "median",
        finds: "the median of every lane",
        types: "K: Key, O: Real + From<K>, const W: usize",
        parameters: "gaps: &Gaps<K, W>, out: &mut [O; W]",
        arguments: "gaps, out",
        end: |n, lo, hi| format!("out[w] = median_of({n}, pad, seen, {lo}, {hi});"),
    },
];

/// One of them for n dates: fills the gaps, and finds.
fn select(code: &mut String, n: usize, selection: &Selection) {
    let Selection { name, types, parameters, end, .. } = selection;
    let wires: Vec<usize> = (0..n).collect();
    let mut steps = Vec::new();
    let (lo, hi) = network::select(&wires, &mut steps);
    writeln!(
        code,
        "#[inline(always)]\nfn {name}_{n}<{types}>(dates: &[&[K; W]; {n}], missing: Missing<K>, {parameters}) {{"
    )
    .unwrap();
    load_filled(code, n);
    steps.iter().for_each(|&step| write_step(code, step));
    let hi = hi.map_or("K::HIGH".to_owned(), |wire| format!("v{wire}"));
    writeln!(code, "{}\n}}\n}}", end(n, &format!("v{lo}"), &hi)).unwrap();
}

/// `fn name(dates, …)`: the one of the above for that many dates.
fn select_dispatch(code: &mut String, selection: &Selection) {
    let Selection { name, finds, types, parameters, arguments, .. } = selection;
    writeln!(
        code,
        "/// Fills the gaps of 1 to `SELECT_MAX` dates and finds {finds}.\n\
         #[inline(always)]\npub(crate) fn {name}<{types}>(dates: &[&[K; W]], missing: Missing<K>, {parameters}) {{\nmatch dates.len() {{"
    )
    .unwrap();
    for n in 1..=SELECT_MAX {
        writeln!(code, "{n} => {name}_{n}(array(dates), missing, {arguments}),").unwrap();
    }
    code.push_str("_ => unreachable!(\"more dates than a selection in registers takes\"),\n}\n}\n");
}

fn list(n: usize, item: impl Fn(usize) -> String) -> String {
    (0..n).map(item).collect::<Vec<_>>().join(", ")
}
