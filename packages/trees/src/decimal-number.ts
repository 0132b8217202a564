const word = new Float64Array(1)
const view = new DataView(word.buffer)
const littleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1
const lowWord = (): number => view.getUint32(littleEndian ? 0 : 4, littleEndian)

const FLOAT32_NORMAL_MIN = 2 ** -126
const FLOAT32_OVERFLOW = 2 ** 129

/**
 * Value of a decimal number as a float64 whose rounding to float32 is the float32 nearest to the decimal itself.
 *
 * `Math.fround(Number(text))` rounds twice: a decimal just above or below the middle of two neighbouring float32 becomes
 * that middle in the first rounding and falls to the even neighbour in the second. XGBoost reads float32 directly, so
 * in that one case the float64 is moved one step towards the decimal.
 */
export function decimalNumber(text: string): number {
  const value = Number(text)
  if (!isFloat32Middle(value)) return value
  const side = compareDecimal(text, value)
  return value + side * Math.abs(value) * Number.EPSILON
}

/** Whether the value lies exactly between two neighbouring float32, the only place where rounding twice can go wrong. */
export function isFloat32Middle(value: number): boolean {
  const size = Math.abs(value)
  if (size >= FLOAT32_OVERFLOW) return false
  if (size < FLOAT32_NORMAL_MIN) return (size * 2 ** 150) % 2 === 1
  word[0] = value
  return (lowWord() & 0x1fffffff) === 0x10000000
}

/** Sign of decimal - value, exactly. */
function compareDecimal(text: string, value: number): number {
  const match = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(text)
  if (match === null) return 0
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match
  const digits = BigInt(`${whole}${fraction}` || '0') * (sign === '-' ? -1n : 1n)
  const power = Number(exponent) - fraction.length
  // A float64 is mantissa * 2^-1074 with an integer mantissa; the middle of two float32 needs far fewer bits.
  const scaled = BigInt(value * 2 ** 200) // exact: the middle has 25 bits and is at least 2^-150
  const left = power >= 0 ? digits * 10n ** BigInt(power) * 2n ** 200n : digits * 2n ** 200n
  const right = power >= 0 ? scaled : scaled * 10n ** BigInt(-power)
  return left === right ? 0 : left > right ? 1 : -1
}
