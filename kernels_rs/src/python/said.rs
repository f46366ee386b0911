//! What the documentation of several kernels says, said once: `#[doc = said!(…)]` among the lines of it.
//!
//! What differs from kernel to kernel is handed over. A piece is whole lines, without the line break behind the last.

macro_rules! said {
    // Arguments.
    (stack) => {
        concat!(
            "x : numpy.ndarray of float32, float64, uint8, int16 or uint16\n",
            "    The stack, at least one dimension. Any strides (time first is fastest; a view with time last is read block\n",
            "    by block) and any address; it is never copied as a whole and never modified.\n",
            "axis : int, default 0\n",
            "    The axis that is reduced."
        )
    };
    (nodata) => {
        said!(nodata "int or float, optional", "", "")
    };
    // Its type; in which arrays; what else is said of it.
    (nodata $type:literal, $where:literal, $more:literal) => {
        concat!(
            "nodata : ", $type, "\n    The value that marks missing data", $where,
            ": of integers a whole number that they hold (0.0 is 0); of\n",
            "    floats any number, compared in their dtype, and NaN is missing as well, always.", $more
        )
    };
    // Whose shape it broadcasts to.
    (mask $of:literal) => {
        concat!(
            "mask : numpy.ndarray of bool, or bool, optional\n",
            "    True where data are missing; broadcasts to the shape of ", $of,
            ". True by itself hides all, False nothing."
        )
    };
    // Of what; what the floats are called that it is by default the dtype of; and which other floats they refuse.
    (dtype $of:literal, $floats:literal, $accept:literal) => {
        concat!(
            "dtype : numpy.dtype, optional\n    float32 or float64, of ", $of, ". By default that of ", $floats,
            ", and float32 for integers.\n    ", $accept, "."
        )
    };
    (num_threads) => {
        concat!(
            "num_threads : int, default 1\n",
            "    Threads to use, of which no more than the usable cores are started; the result has the same bits for every\n",
            "    number."
        )
    };

    // Arguments of indices of reflectances. Names of the bands, and what they are.
    (bands $names:literal, $are:literal) => {
        concat!(
            $names, " : numpy.ndarray of float32, float64, uint8, int16 or uint16\n    ", $are,
            ", of the same dtype: reflectance, as `L` is one, or counts with `scale` and\n",
            "    `offset`. Their shapes broadcast. Any strides and any address; they are never copied as a whole and never\n",
            "    modified."
        )
    };
    (scale_and_offset) => {
        concat!(
            "scale, offset : float, optional\n",
            "    How the bands become reflectance, scale x + offset: both or neither; finite, `scale` not 0. Integer bands\n",
            "    need them. Where the numbers are meant as they are, scale=1, offset=0 says so."
        )
    };
    (out_of_bands) => {
        concat!(
            "out : numpy.ndarray, optional\n",
            "    Takes the result; of its shape and dtype, any strides. It may be exactly one of the bands (in place), but\n",
            "    must not share memory with them in any other way."
        )
    };

    // Results.
    (index) => {
        concat!(
            "numpy.ndarray of float32 or float64\n",
            "    Without unit: `out`, or a fresh array in C order (in Fortran order where all bands are); of bands without\n",
            "    dimensions a NumPy scalar. NaN where a band is NaN or missing, and where the denominator is too small;\n",
            "    infinities are data and follow IEEE arithmetic. No warning is ever given."
        )
    };

    // Errors.
    (index_errors) => {
        concat!(
            said!(type_error),
            "\nValueError\n",
            "    If shapes do not fit, integer bands come without `scale` and `offset`, `out` is misaligned, read-only or\n",
            "    overlaps, or a number is out of its range.\n",
            said!(no_memory_or_interrupted)
        )
    };
    (type_error) => {
        said!(type_error ", or a number is of a wrong kind")
    };
    // What is refused beside arrays.
    (type_error $more:literal) => {
        concat!(
            "TypeError\n",
            "    If an array is of a wrong kind or dtype (a masked array, a subclass that gives its values a meaning of its\n",
            "    own, foreign byte order)", $more, ". The values of a subclass are passed by\n",
            "    numpy.asarray, and what it masks as `mask`."
        )
    };
    (too_many_dates) => {
        "OverflowError\n    If there are more dates than 2147483647, which int32 counts."
    };
    (no_memory_or_interrupted) => {
        concat!(
            "MemoryError\n",
            "    If memory or threads cannot be had. `out` may hold a part of the results then.\n",
            "KeyboardInterrupt\n",
            "    Or whatever a handler of signals raises, in the main thread, within 0.2 s; `out` as above."
        )
    };

    // Notes.
    // By what the denominator takes all bands together.
    (index_notes $weight:literal) => {
        concat!(
            "With a scale the index is computed on the counts: `L` becomes k = (offset (", $weight, ") + L) / scale, in float64\n",
            "and as an integer where it is within 1e-6 of one, and `min_denominator` is divided by abs(scale). The scale\n",
            "cancels in the rest. k must be finite in the dtype of the result.\n\n",
            "The constants are rounded to the dtype of the result; then every operation is, in the order of the formula.\n",
            said!(constants), "\n\n", said!(memory_and_gil)
        )
    };
    (constants) => {
        concat!(
            "A constant that was a float32 before, as metadata often were, stands for the shortest decimal that this float32\n",
            "prints: numpy.float32(1e-4), and 9.99999974737875e-05 as well, are 1e-4, while 0.5 is 0.5. None may be infinite,\n",
            "or 0 without being 0, in the dtype of the result."
        )
    };
    (memory_and_gil) => {
        said!(memory_and_gil "")
    };
    // What else a call takes.
    (memory_and_gil $more:literal) => {
        concat!(
            "Beside arrays and result a call takes at most 64 MiB", $more, ".\n",
            "The GIL is released during the computation: other threads must not write to the arrays meanwhile, or the result\n",
            "is undefined."
        )
    };
}

pub(crate) use said;
