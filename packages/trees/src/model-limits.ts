/** Bytes of a model file. The largest models in production are tens of megabytes. */
export const MODEL_BYTES_MAX = 256 * 1024 * 1024

/** Nesting of objects and arrays in a model file. XGBoost itself writes 8 levels. */
export const DOCUMENT_DEPTH_MAX = 32

/** Objects, arrays, texts and single numbers in a model file; the elements of a number array count as one value. */
export const DOCUMENT_VALUES_MAX = 4 * 1024 * 1024

/** Columns of one row. 128 rows of the widest batch take 36 MiB. */
export const FEATURES_MAX = 65_536

/** Margins per row: classes, targets or quantiles. */
export const OUTPUTS_MAX = 4_096

/** Trees of one model. */
export const TREES_MAX = 100_000

/** Nodes of one model, all trees together: 16 bytes each in the walk's table. */
export const NODES_MAX = 16 * 1024 * 1024

/** XGBoost treats codes from 2^24 on as invalid: float32 cannot tell them apart any more (`OutOfRangeCat`). */
export const CATEGORY_CODES = 16_777_216

/** Bytes of the category bit sets of one model in the walk's table. */
export const CATEGORY_SET_BYTES_MAX = 64 * 1024 * 1024

/** Deepest tree of which contributions are computed: their cost grows with the square of the depth. */
export const CONTRIBUTION_DEPTH_MAX = 1_024

/** WebAssembly memory of one model: tables, scratch and batches. */
export const MEMORY_BYTES_MAX = 2 * 1024 * 1024 * 1024
