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

/** 1 for bytes that stand for themselves in a string: ASCII but for the quote, the backslash and control characters. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= SPACE && byte < 0x80 && byte !== QUOTE && byte !== BACKSLASH ? 1 : 0,
)

/** What `digitAt` answers for these bytes and at the end. */
const DOT_DIGIT = DOT ^ ZERO
const LOWER_E_DIGIT = LOWER_E ^ ZERO
const UPPER_E_DIGIT = UPPER_E ^ ZERO
const END_DIGIT = 0xff

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
  view: DataView = new DataView(NO_BYTES.buffer)
  position = 0
  end = 0
  /** The last string: its bytes between the quotes, and whether they hold escapes. */
  textStart = 0
  textLength = 0
  textEscaped = false
  /** The last number at 0, rounded to float32 as `Math.fround(JSON.parse(token))` is. An array, because a field would box it. */
  readonly number = new Float32Array(1)
  /** Whether its token is a whole number that reads back as the same text: no fraction, exponent or `-0`, at most 15 digits. */
  numberIsPlain = false
  #power = 0

  open(bytes: Uint8Array, start: number, length: number): void {
    if (this.bytes !== bytes) {
      this.bytes = bytes
      this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    }
    this.position = start
    this.end = start + length
  }

  skipWhitespace(): void {
    while (this.position < this.end) {
      const byte = this.bytes[this.position]!
      if (byte > SPACE || (byte !== SPACE && byte !== LINE_FEED && byte !== CARRIAGE_RETURN && byte !== TAB)) return
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
    for (;;) {
      while (at < end && PLAIN[bytes[at]!] === 1) at++
      if (at >= end) return false
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
      } else return false
    }
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
    const { bytes, end } = this
    let at = this.position
    const negative = bytes[at] === MINUS
    if (negative) at++
    const integerStart = at
    // Significant digits: the first 9 in `first`, the next 8 in `second` (both int32), the rest counted only.
    let first = 0
    let second = 0
    let digits = 0
    let power = 0
    let digit = digitAt(bytes, at, end)
    if (digit > 9) return false
    do {
      if (digits < CHUNK_DIGITS) first = (Math.imul(first, 10) + digit) | 0
      else if (digits < DIGITS_MAX) second = (Math.imul(second, 10) + digit) | 0
      else power++
      if (first !== 0) digits++
      digit = digitAt(bytes, ++at, end)
    } while (digit <= 9)
    if (bytes[integerStart] === ZERO && at > integerStart + 1) return false
    this.numberIsPlain = digits <= EXACT_DIGITS && !(negative && first === 0)
    if (digit === DOT_DIGIT) {
      this.numberIsPlain = false
      const fractionStart = ++at
      digit = digitAt(bytes, at, end)
      while (digit <= 9) {
        if (digits < CHUNK_DIGITS) {
          first = (Math.imul(first, 10) + digit) | 0
          power--
        } else if (digits < DIGITS_MAX) {
          second = (Math.imul(second, 10) + digit) | 0
          power--
        }
        if (first !== 0) digits++
        digit = digitAt(bytes, ++at, end)
      }
      if (at === fractionStart) return false
    }
    this.position = at
    if (digit === LOWER_E_DIGIT || digit === UPPER_E_DIGIT) {
      if (!this.#exponent()) return false
      power += this.#power
    }
    if (digits <= CHUNK_DIGITS && power <= 0 && power >= -EXACT_POWER) {
      // `0 - power`, because `-power` is -0 for a whole number, and as an index that throws away the compiled code.
      const value = first / POWERS[0 - power]!
      this.number[0] = negative ? -value : value
      return true
    }
    return this.#convert(negative, first, second, digits, power)
  }

  /** The exponent at an `e`, into `#power`. */
  #exponent(): boolean {
    const { bytes, end } = this
    let at = this.position + 1
    const negative = bytes[at] === MINUS
    if (negative || bytes[at] === PLUS) at++
    const start = at
    let exponent = 0
    for (let digit = digitAt(bytes, at, end); digit <= 9; digit = digitAt(bytes, ++at, end))
      exponent = Math.min(EXPONENT_MAX, exponent * 10 + digit)
    this.position = at
    this.#power = negative ? -exponent : exponent
    return at > start
  }

  #convert(negative: boolean, first: number, second: number, digits: number, power: number): boolean {
    // One expression for all lengths keeps it a float64 throughout; a choice between an integer and one would be boxed.
    const joined = first * POWERS[Math.max(0, Math.min(digits, DIGITS_MAX) - CHUNK_DIGITS)]! + second
    const mantissa = negative ? -joined : joined
    if (mantissa === 0) {
      this.number[0] = mantissa
      return true
    }
    if (power > POWER_MAX || power < -POWER_MAX) return false
    const value = power < 0 ? mantissa / POWERS[-power]! : mantissa * POWERS[power]!
    if (digits <= EXACT_DIGITS && power <= EXACT_POWER && power >= -EXACT_POWER) {
      this.number[0] = value
      return true
    }
    const lowest = Math.fround(value * ERROR_BELOW)
    this.number[0] = lowest
    return lowest === Math.fround(value * ERROR_ABOVE)
  }
}

/** The digit at a position; above 9 for every other byte and for the end. The digits differ from `0` in the low bits alone. */
function digitAt(bytes: Uint8Array, at: number, end: number): number {
  return at < end ? bytes[at]! ^ ZERO : END_DIGIT
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
