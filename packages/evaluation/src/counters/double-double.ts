/**
 * Numbers of twice the precision as an unevaluated sum of two doubles (Dekker, Numerische Mathematik 18, 1971; Knuth,
 * TAOCP 4.2.2). Only what a variance needs: it is the small difference of two large sums, and with plain doubles values
 * such as 10^9 + 4, 10^9 + 7 would have none.
 */
export interface DoubleDouble {
  readonly high: number
  readonly low: number
}

/** What rounding lost in `sum = a + b`. */
export function sumError(a: number, b: number, sum: number): number {
  const carried = sum - a
  return a - (sum - carried) + (b - carried)
}

/** What rounding lost in `product = a * b`; NaN for factors beyond 1e300. */
export function productError(a: number, b: number, product: number): number {
  const bigA = SPLIT * a
  const highA = bigA - (bigA - a)
  const lowA = a - highA
  const bigB = SPLIT * b
  const highB = bigB - (bigB - b)
  const lowB = b - highB
  return highA * highB - product + highA * lowB + lowA * highB + lowA * lowB
}

export function normalized(high: number, low: number): DoubleDouble {
  const sum = high + low
  return { high: sum, low: sumError(high, low, sum) }
}

/** a - b * c / n, rounded once at the end. */
export function minusProductOver(a: DoubleDouble, b: DoubleDouble, c: DoubleDouble, n: number): number {
  const product = b.high * c.high
  const p = normalized(product, productError(b.high, c.high, product) + b.high * c.low + b.low * c.high)
  const quotient = p.high / n
  const back = quotient * n
  const rest = p.high - back - productError(quotient, n, back) + p.low
  const q = normalized(quotient, rest / n)
  const difference = a.high - q.high
  return difference + (sumError(a.high, -q.high, difference) + a.low - q.low)
}

/** 2^27 + 1 cuts a double into two halves of 26 bits. */
const SPLIT = 134_217_729
