/**
 * Natural logarithm of float32 exactly as the C library computes it, because XGBoost turns `base_score` into a margin with
 * `logf` and every score starts from that margin: rounding Math.log to float32 differs in the last bit for about one
 * probability in eighty near 0.5, and one bit there moves most scores of the model.
 *
 * Algorithm and constants: `logf` of the Arm Optimized Routines, which glibc has used since 2.27. With
 * x = 2^k z, z near 1 and c the centre of the sixteenth of [0.7, 1.4) that holds z:
 * ln x = k ln 2 + ln c + log1p(z / c - 1), the last term by a polynomial of degree 4, all in float64.
 */
export function float32Log(x: number): number {
  if (x === 0) return -Infinity
  if (!(x > 0) || x === Infinity) return x > 0 ? x : Number.NaN
  float[0] = x
  let bits = int[0]!
  if (bits < SMALLEST_NORMAL_BITS) {
    float[0] = x * 2 ** 23
    bits = int[0]! - (23 << 23)
  }
  const offset = (bits - CENTRE_BITS) | 0
  const k = offset >> 23
  const slice = (offset >> 19) & 15
  int[0] = (bits - (offset & 0xff800000)) | 0
  const z = float[0]!
  const r = z * INVERSE_CENTRES[slice]! - 1
  const start = LOG_CENTRES[slice]! + k * Math.LN2
  const r2 = r * r
  const [a0, a1, a2] = POLYNOMIAL
  return Math.fround((a0 * r2 + (a1 * r + a2)) * r2 + (start + r))
}

const float = new Float32Array(1)
const int = new Int32Array(float.buffer)
const SMALLEST_NORMAL_BITS = 0x00800000
/** Bits of the lower end of the slices, about 0.6992. */
const CENTRE_BITS = 0x3f330000

/** 1 / c and ln c of the sixteen slices; slice 9 is centred on 1, so that ln 1 is exactly 0. */
const INVERSE_CENTRES: readonly number[] = [
  1.398907162146528, 1.3403141896637998, 1.286432210124115, 1.2367150214269895, 1.1906977166711752, 1.1479821020556429,
  1.1082251448272158, 1.0711297413057381, 1.036437278977283, 1, 0.9492859795739057, 0.8951049428609004,
  0.8476821620351103, 0.8050314851692001, 0.7664671008843108, 0.731428603316328,
]
const LOG_CENTRES: readonly number[] = [
  -0.33569133332882284, -0.2929040563774074, -0.2518726580937369, -0.21245868807117255, -0.17453945183745634,
  -0.1380057072319758, -0.10275976698545139, -0.06871392447020525, -0.0357891387398228, 0, 0.05204517742929496,
  0.11081431298787942, 0.1652495223695143, 0.21687389031699977, 0.2659635028121397, 0.3127556664073557,
]
const POLYNOMIAL: readonly [number, number, number] = [-0.25089342214237154, 0.333456765744066, -0.4999997485802103]
