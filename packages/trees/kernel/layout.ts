/*
 * Offsets in bytes of everything the loader writes and the kernels read. This one file is compiled twice: by Node into the
 * loader, by AssemblyScript into the kernels; so both sides always agree.
 */

/** Rows of one block: 16 byte lanes of a v128 times 8 bits. Row 16 b + l of a block is bit b of byte lane l. */
export const BLOCK_ROWS = 128
/** Float32 from one column of a block to the next: 16 more than the rows, so that columns do not share cache sets. */
export const COLUMN_STRIDE = 144

/** Trees whose leaf numbers are kept between the tree stage and the leaf stage. */
export const CHUNK_TREES = 64

// The model: what both entry points get.
export const MODEL_OUTPUTS = 0
export const MODEL_BASE_MARGINS = 4
export const MODEL_MARGINS = 8
export const MODEL_COLUMNS = 12
export const MODEL_COLUMN_COUNT = 16
export const MODEL_SETS = 20
export const MODEL_SET_COUNT = 24
export const MODEL_CHUNKS = 28
export const MODEL_CHUNK_COUNT = 32
export const MODEL_CODES = 36
export const MODEL_PLANES = 40
export const MODEL_REACH = 44
export const MODEL_LEAF_NUMBERS = 48
export const MODEL_LANES = 52
export const MODEL_LANE_RUN_COUNT = 56
export const MODEL_LEAF_WIDTH = 60
export const MODEL_BYTES = 64

// A column: up to 255 thresholds of one feature.
export const COLUMN_VALUES = 0 // offset of the feature in a block
export const COLUMN_KEYED = 4 // 1: buckets are linear in the logarithm-like key instead of the value
export const COLUMN_SCALE = 8
export const COLUMN_SHIFT = 12
export const COLUMN_LAST_BUCKET = 16
export const COLUMN_BUCKETS = 20 // u8 per bucket: thresholds in lower buckets
export const COLUMN_THRESHOLDS = 24 // ascending float32, padded with NaN
export const COLUMN_STEP = 28 // first step of the search inside a bucket, a power of two
export const COLUMN_THRESHOLD_COUNT = 32
export const COLUMN_PLANES = 36 // bits of the largest code
export const COLUMN_MASKS = 40 // mask t: rows whose code is at least t
export const COLUMN_MISSING_MASK = 44 // where the mask of missing rows goes, or 0
export const COLUMN_RIGHT_COUNT = 48 // thresholds that send missing values right somewhere
export const COLUMN_RIGHT_LIST = 52 // their mask numbers, u16
export const COLUMN_RIGHT_MASKS = 56 // their masks with the missing rows added
export const COLUMN_BYTES = 64

// A category set: the rows that go right are the exclusive or of threshold masks, plus the missing rows.
export const SET_MASK = 0
export const SET_MISSING = 4 // mask of missing rows to add, or 0
export const SET_EDGE_COUNT = 8
export const SET_EDGES = 12 // addresses of the masks
export const SET_BYTES = 16

// A chunk: up to 64 trees and, per output, which leaf tables their leaf numbers select from.
export const CHUNK_TREE_LIST = 0
export const CHUNK_TREE_COUNT = 4
export const CHUNK_SUMS = 8
export const CHUNK_SUM_COUNT = 12
export const CHUNK_BYTES = 16

// A tree of a chunk. Depth 3..8: padded to a perfect tree. Depth 0: any shape, as a program of nodes.
export const TREE_DEPTH = 0
export const TREE_NODES = 4
export const TREE_NODE_COUNT = 8
export const TREE_LEAF_COUNT = 12
export const TREE_BYTES = 16

// Perfect trees: the top levels breadth first, one mask address each, then subtrees of three levels.
export const SUBTREE_LEVELS = 3
export const SUBTREE_BYTES = 32 // seven mask addresses, one unused

// Nodes of any shape: one mask address and three slot numbers (u16).
export const SHAPE_MASK = 0
export const SHAPE_SELF = 4
export const SHAPE_LEFT = 6
export const SHAPE_RIGHT = 8
export const SHAPE_BYTES = 12

// One output's sum over the trees of a chunk: pairs of leaf numbers and leaf table.
export const SUM_OUTPUT = 0
export const SUM_TERM_COUNT = 4
export const SUM_TERMS = 8
export const SUM_BYTES = 12
export const TERM_LEAF_NUMBERS = 0
export const TERM_LEAVES = 4
export const TERM_BYTES = 8

// The walk: runs of eight trees that add to the same output. A run is its output, its depth and eight roots.
export const LANE_OUTPUT = 0
export const LANE_DEPTH = 4
export const LANE_ROOTS = 8
export const LANE_RUN_BYTES = 40

// A node of the walk. Leaves point at themselves and compare with NaN, so that a finished lane stays where it is.
export const NODE_THRESHOLD = 0 // or the address of a category set
export const NODE_VALUE = 4 // offset of the feature in a block, plus the two flags
export const NODE_LEFT = 8 // address of the left child; the right one follows it
export const NODE_LEAF = 12 // address of the leaf's values
export const NODE_BYTES = 16
export const NODE_SHIFT = 4 // log2(NODE_BYTES)
export const FLAG_MISSING_RIGHT = 1
export const FLAG_CATEGORIES = 2

// A category set of the walk: how many codes it has bits for, then the bits.
export const BITS_LIMIT = 0
export const BITS_WORDS = 4
