//! Which instructions the kernels run on: chosen once, when the first kernel runs.
//!
//! Wheels are compiled for the baseline of their architecture. On x86-64 that is SSE2, so every [`Task`] is compiled
//! again for AVX2 and FMA, and where it gains from it for AVX-512, and the processor is asked once. All come from the
//! *same* generic Rust: `run` and all that it calls are `#[inline(always)]`, and whatever is inlined into a function that
//! carries `#[target_feature]` is compiled for those features. Rust never contracts `a * b + c` into a fused multiply-add
//! by itself and never reorders floating-point arithmetic, so all ways give the same bits; `tests` in the kernels hold
//! them to it. On other architectures there is one way, the baseline (NEON on aarch64).
//!
//! `EOKERNELS_SIMD=baseline`, `avx2` or `avx512` overrides the choice, for tests and measurements.

use crate::errors::Error;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};

/// Bytes of a cache line, and of the widest register.
pub(crate) const LINE: usize = 64;

/// A set of instructions that the kernels are compiled for and that this processor has: only [`Path::all`] makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Path(Instructions);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Instructions {
    /// What every processor of this architecture has.
    Baseline,
    /// AVX2 and FMA.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// AVX-512 as servers have had it since 2017 (F, BW, CD, DQ and VL): 32 registers of 64 bytes.
    #[cfg(target_arch = "x86_64")]
    Avx512 { by_amd: bool },
}

impl Path {
    /// The name that the environment variable and `build_info()` use.
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        match self.0 {
            Instructions::Baseline => "baseline",
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 { .. } => "avx512",
        }
    }

    /// Whether it has the registers of 64 bytes.
    #[must_use]
    pub(crate) fn is_avx512(self) -> bool {
        #[cfg(target_arch = "x86_64")]
        return matches!(self.0, Instructions::Avx512 { .. });
        #[cfg(not(target_arch = "x86_64"))]
        return false;
    }

    /// Every path that this processor can run, the fastest last.
    #[must_use]
    pub(crate) fn all() -> Vec<Self> {
        #[allow(unused_mut, reason = "one path on other architectures")]
        let mut all = vec![Self(Instructions::Baseline)];
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            all.push(Self(Instructions::Avx2));
            if has_avx512() {
                all.push(Self(Instructions::Avx512 { by_amd: is_by_amd() }));
            }
        }
        all
    }

    /// These, and AVX-512 as a processor of the other maker would use it: all code that this processor can run.
    #[cfg(test)]
    pub(crate) fn every() -> Vec<Self> {
        #[allow(unused_mut, reason = "one path on other architectures")]
        let mut every = Self::all();
        #[cfg(target_arch = "x86_64")]
        if let Some(&Self(Instructions::Avx512 { by_amd })) = every.last() {
            every.push(Self(Instructions::Avx512 { by_amd: !by_amd }));
        }
        every
    }
}

#[cfg(target_arch = "x86_64")]
fn has_avx512() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512cd")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
}

#[cfg(target_arch = "x86_64")]
fn is_by_amd() -> bool {
    let vendor = std::arch::x86_64::__cpuid(0);
    [vendor.ebx, vendor.edx, vendor.ecx].map(u32::to_le_bytes).as_flattened() == b"AuthenticAMD"
}

/// The path of this process: the best one, or the one that `EOKERNELS_SIMD` names. There is no lock that a fork could
/// leave held: threads that ask at once all find the same.
///
/// # Errors
///
/// The variable holds something else, or a path that this processor cannot run.
pub fn chosen() -> Result<Path, Error> {
    static CHOSEN: AtomicPtr<Path> = AtomicPtr::new(null_mut());
    // SAFETY: it is null or was stored below, with what it shows, and is never freed.
    if let Some(path) = unsafe { CHOSEN.load(Ordering::Acquire).as_ref() } {
        return Ok(*path);
    }
    let path = choose(std::env::var("EOKERNELS_SIMD").ok().as_deref())?;
    CHOSEN.store(Box::leak(Box::new(path)), Ordering::Release);
    Ok(path)
}

fn choose(wish: Option<&str>) -> Result<Path, Error> {
    let all = Path::all();
    let wish = wish.unwrap_or_default();
    let names: Vec<&str> = all.iter().map(|path| path.name()).collect();
    let refusal = || {
        Error::value(format!(
            "the environment variable EOKERNELS_SIMD is {wish:?}; this processor accepts {}",
            names.join(" or ")
        ))
    };
    let wished =
        if wish.is_empty() { all.last().copied() } else { all.iter().find(|path| path.name() == wish).copied() };
    wished.ok_or_else(refusal)
}

/// Which processors that have AVX-512 do a task faster by it than by AVX2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gains {
    /// All.
    Everywhere,
    /// Those of AMD. Those of Intel divide 64 bytes as two halves, and compare them on one unit.
    OnAmd,
}

/// Work that is compiled once per [`Path`].
pub(crate) trait Task {
    /// What it returns.
    type Output;

    /// Where it gains from AVX-512; elsewhere that path runs what is compiled for AVX2.
    const AVX512: Gains = Gains::Everywhere;

    /// Does the work. Implementations are `#[inline(always)]`, and so is all that should run on the path's
    /// instructions.
    fn run(self) -> Self::Output;
}

/// Runs `task` as compiled for `path`.
#[inline]
pub(crate) fn dispatch<T: Task>(path: Path, task: T) -> T::Output {
    match path.0 {
        Instructions::Baseline => task.run(),
        // SAFETY: `Path::all`, which alone makes a path, has asked the processor for both features.
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx2 => unsafe { run_avx2(task) },
        // SAFETY: likewise; `Path::all` makes the path of AVX-512 only beside that of AVX2.
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx512 { by_amd } if by_amd || T::AVX512 == Gains::Everywhere => unsafe { run_avx512(task) },
        // SAFETY: likewise.
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx512 { .. } => unsafe { run_avx2(task) },
    }
}

/// # Safety
///
/// The processor has AVX2 and FMA.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn run_avx2<T: Task>(task: T) -> T::Output {
    task.run()
}

/// # Safety
///
/// The processor has AVX2, FMA and the parts of AVX-512 that are named here.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,avx512f,avx512bw,avx512cd,avx512dq,avx512vl")]
unsafe fn run_avx512<T: Task>(task: T) -> T::Output {
    task.run()
}

/// Asks for the cache lines that begin `ahead` bytes after those of `data`, whatever lies there; nothing where the
/// architecture has no stable way to.
#[inline(always)]
pub(crate) fn prefetch<T>(data: &[T], ahead: usize) {
    #[cfg(target_arch = "x86_64")]
    for offset in (0..size_of_val(data)).step_by(LINE) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let line = data.as_ptr().wrapping_byte_add(ahead + offset);
        // SAFETY: prefetching is a hint: it reads nothing into the program, and never faults.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line.cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (data, ahead);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_may_choose_and_an_unknown_wish_is_refused() {
        assert_eq!(choose(Some("baseline")).unwrap().name(), "baseline");
        assert_eq!(Some(&choose(None).unwrap()), Path::all().last());
        assert_eq!(choose(None).unwrap(), choose(Some("")).unwrap());
        let refusal = choose(Some("avx9")).unwrap_err().to_string();
        assert!(refusal.contains("EOKERNELS_SIMD") && refusal.contains("baseline"), "{refusal}");
    }

    #[test]
    fn threads_that_choose_at_once_choose_the_same() {
        let asked: Vec<_> = (0..8).map(|_| std::thread::spawn(chosen)).collect();
        for thread in asked {
            assert_eq!(thread.join().unwrap(), chosen());
        }
    }

    #[test]
    fn a_task_runs_on_every_supported_path() {
        struct Sum<'a>(&'a [u32]);
        impl Task for Sum<'_> {
            type Output = u32;
            #[inline(always)]
            fn run(self) -> u32 {
                self.0.iter().sum()
            }
        }
        for path in Path::all() {
            assert_eq!(dispatch(path, Sum(&[1, 2, 3])), 6);
        }
    }
}
