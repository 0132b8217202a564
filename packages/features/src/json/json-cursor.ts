import { utf8SequenceLength } from './utf8-sequence.ts'

const NO_BYTES = new Uint8Array(0)
const TAB = 0x09
const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d
const SPACE = 0x20
const QUOTE = 0x22
const PLUS = 0x2b
const MINUS = 0x2d
const DOT = 0x2e
const SLASH = 0x2f
const ZERO = 0x30
const UPPER_E = 0x45
const BACKSLASH = 0x5c
const LOWER_E = 0x65

/** Digits that fit an int32, and how many are kept in all: more than 17 do not change the nearest float64 by much. */
const CHUNK_DIGITS = 9
const DIGITS_MAX = 17
/** With so many digits and so small a power of ten, mantissa and power are exact and one rounding gives the float64. */
const EXACT_DIGITS = 15
const EXACT_POWER = 22
/** Beyond this the approximation could leave the normal range of float64. */
const POWER_MAX = 270
const EXPONENT_MAX = 9999
/**
 * Bound of the relative error of the approximation below: dropped digits 2^-53, joining the chunks 2^-53, the power of ten
 * 2^-53, multiplying 2^-53, and the float64 that JSON.parse would give is itself 2^-53 away from the text. 2^-49 is 16 of them.
 */
const ERROR_BELOW = 1 - 2 ** -49
const ERROR_ABOVE = 1 + 2 ** -49
const POWERS = Float64Array.from({ length: POWER_MAX + 1 }, (_, power) => Number(`1e${power}`))

/**
 * Reads JSON tokens from bytes. Methods answer false for what is no JSON and also for what is better left to `JSON.parse`;
 * the position is then of no use. Reading may run past the end into what follows in the array: a caller accepts a text only
 * when it ends exactly where it should.
 */
export class JsonCursor {
  bytes: Uint8Array = NO_BYTES
  position = 0
  end = 0
  /** The last string: its bytes between the quotes, and whether they hold escapes. */
  textStart = 0
  textLength = 0
  textEscaped = false
  /** The last number, rounded to float32 as `Math.fround(JSON.parse(token))` is. */
  number = 0
  /** Whether its token is a whole number that reads back as the same text: no fraction, exponent or `-0`, at most 15 digits. */
  numberIsPlain = false

  open(bytes: Uint8Array, start: number, length: number): void {
    this.bytes = bytes
    this.position = start
    this.end = start + length
  }

  skipWhitespace(): void {
    for (;;) {
      const byte = this.bytes[this.position]
      if (byte !== SPACE && byte !== LINE_FEED && byte !== CARRIAGE_RETURN && byte !== TAB) return
      this.position++
    }
  }

  /** Takes one byte if it is the next. */
  take(byte: number): boolean {
    if (this.bytes[this.position] !== byte) return false
    this.position++
    return true
  }

  literal(text: Uint8Array): boolean {
    for (let i = 0; i < text.length; i++) if (this.bytes[this.position + i] !== text[i]) return false
    this.position += text.length
    return true
  }

  /** A string, its opening quote already taken. */
  string(): boolean {
    const { bytes, end } = this
    let at = this.position
    this.textStart = at
    this.textEscaped = false
    while (at < end) {
      const byte = bytes[at]!
      if (byte === QUOTE) {
        this.textLength = at - this.textStart
        this.position = at + 1
        return true
      }
      if (byte >= 0x80) {
        const length = utf8SequenceLength(bytes, at, end)
        if (length === 0) return false
        at += length
      } else if (byte === BACKSLASH) {
        this.textEscaped = true
        const length = escapeLength(bytes, at)
        if (length === 0) return false
        at += length
      } else if (byte < SPACE) return false
      else at++
    }
    return false
  }

  skipNumber(): boolean {
    this.take(MINUS)
    if (!this.take(ZERO) && !this.#skipDigits()) return false
    if (this.take(DOT) && !this.#skipDigits()) return false
    const byte = this.bytes[this.position]
    if (byte !== LOWER_E && byte !== UPPER_E) return true
    this.position++
    if (!this.take(PLUS)) this.take(MINUS)
    return this.#skipDigits()
  }

  #skipDigits(): boolean {
    const start = this.position
    while (isDigit(this.bytes[this.position])) this.position++
    return this.position > start
  }

  /**
   * Reads a number without making a string of it. What counts is its float32: when the lower and the upper bound of the
   * true value round to the same float32, so does the float64 between them, and it need not be known. When they do not (the
   * text is next to the middle of two float32 values), the answer is false.
   */
  readNumber(): boolean {
    const { bytes } = this
    let at = this.position
    const negative = bytes[at] === MINUS
    if (negative) at++
    const integerStart = at
    // Significant digits: the first 9 in `first`, the next 8 in `second`, the rest counted only.
    let first = 0
    let second = 0
    let digits = 0
    let power = 0
    let byte = bytes[at]!
    if (!isDigit(byte)) return false
    while (isDigit(byte)) {
      if (digits < CHUNK_DIGITS) first = first * 10 + (byte - ZERO)
      else if (digits < DIGITS_MAX) second = second * 10 + (byte - ZERO)
      else power++
      if (first !== 0) digits++
      byte = bytes[++at]!
    }
    if (bytes[integerStart] === ZERO && at > integerStart + 1) return false
    this.numberIsPlain = digits <= EXACT_DIGITS && !(negative && first === 0)
    if (byte === DOT) {
      this.numberIsPlain = false
      const fractionStart = ++at
      byte = bytes[at]!
      while (isDigit(byte)) {
        if (digits < DIGITS_MAX) {
          power--
          if (digits < CHUNK_DIGITS) first = first * 10 + (byte - ZERO)
          else second = second * 10 + (byte - ZERO)
          if (first !== 0) digits++
        }
        byte = bytes[++at]!
      }
      if (at === fractionStart) return false
    }
    if (byte === LOWER_E || byte === UPPER_E) {
      this.numberIsPlain = false
      byte = bytes[++at]!
      const negativeExponent = byte === MINUS
      if (negativeExponent || byte === PLUS) byte = bytes[++at]!
      const exponentStart = at
      let exponent = 0
      while (isDigit(byte)) {
        exponent = Math.min(EXPONENT_MAX, exponent * 10 + (byte - ZERO))
        byte = bytes[++at]!
      }
      if (at === exponentStart) return false
      power += negativeExponent ? -exponent : exponent
    }
    this.position = at
    return this.#convert(negative, first, second, digits, power)
  }

  #convert(negative: boolean, first: number, second: number, digits: number, power: number): boolean {
    const joined =
      digits <= CHUNK_DIGITS ? first : first * POWERS[Math.min(digits, DIGITS_MAX) - CHUNK_DIGITS]! + second
    const mantissa = negative ? -joined : joined
    if (mantissa === 0) {
      this.number = mantissa
      return true
    }
    if (power > POWER_MAX || power < -POWER_MAX) return false
    const value = power < 0 ? mantissa / POWERS[-power]! : mantissa * POWERS[power]!
    if (digits <= EXACT_DIGITS && power <= EXACT_POWER && power >= -EXACT_POWER) {
      this.number = Math.fround(value)
      return true
    }
    this.number = Math.fround(value * ERROR_BELOW)
    return this.number === Math.fround(value * ERROR_ABOVE)
  }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= ZERO + 9
}

/** Bytes of the escape at a backslash, 0 for what is none. */
function escapeLength(bytes: Uint8Array, at: number): number {
  switch (bytes[at + 1]) {
    case QUOTE:
    case BACKSLASH:
    case SLASH:
    case 0x62: // b
    case 0x66: // f
    case 0x6e: // n
    case 0x72: // r
    case 0x74: // t
      return 2
    case 0x75: // u
      for (let i = 2; i < 6; i++) if (!isHexDigit(bytes[at + i])) return 0
      return 6
    default:
      return 0
  }
}

function isHexDigit(byte: number | undefined): boolean {
  if (byte === undefined) return false
  const letter = byte | 0x20
  return isDigit(byte) || (letter >= 0x61 && letter <= 0x66)
}
