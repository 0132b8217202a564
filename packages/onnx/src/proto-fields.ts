/** The bytes are no protobuf message: cut off, or altered. */
export class MalformedProto extends Error {
  override readonly name = 'MalformedProto'
  constructor(what: string, at: number) {
    super(`${what} at byte ${at}`)
  }
}

const VARINT = 0
const FIXED64 = 1
const BYTES = 2
const FIXED32 = 5
const VARINT_BYTES_MAX = 10

/**
 * The fields of one protobuf message, one after another, without a schema: enough to look into an ONNX file before a native
 * library does. Source of the encoding: protobuf.dev, "Encoding".
 */
export class ProtoFields {
  readonly bytes: Uint8Array
  readonly #end: number
  #position: number
  /** Number of the current field. */
  field = 0
  /** Value of a varint field (exact up to 2^53); 0 for the others. */
  value = 0
  /** Content of a length-delimited field; empty for the others. */
  start = 0
  end = 0

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.bytes = bytes
    this.#position = start
    this.#end = end
  }

  /** Goes to the next field; false at the end of the message. */
  next(): boolean {
    if (this.#position === this.#end) return false
    const at = this.#position
    const tag = this.#varint()
    this.field = Math.floor(tag / 8)
    this.value = 0
    this.start = this.end = this.#position
    if (this.field === 0) throw new MalformedProto('a field has the number 0', at)
    switch (tag % 8) {
      case VARINT:
        this.value = this.#varint()
        return true
      case FIXED64:
        this.#skip(8)
        return true
      case FIXED32:
        this.#skip(4)
        return true
      case BYTES: {
        const length = this.#varint()
        this.start = this.#position
        this.#skip(length)
        this.end = this.#position
        return true
      }
      default:
        throw new MalformedProto(`a field has the unknown wire type ${tag % 8}`, at)
    }
  }

  /** The current field as a message. */
  message(): ProtoFields {
    return new ProtoFields(this.bytes, this.start, this.end)
  }

  text(): string {
    return new TextDecoder().decode(this.bytes.subarray(this.start, this.end))
  }

  #skip(count: number): void {
    if (count > this.#end - this.#position) throw new MalformedProto('a field ends behind its message', this.#position)
    this.#position += count
  }

  #varint(): number {
    let value = 0
    let scale = 1
    for (let i = 0; i < VARINT_BYTES_MAX; i++) {
      if (this.#position >= this.#end) throw new MalformedProto('a number is cut off', this.#position)
      const byte = this.bytes[this.#position++]!
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
      scale *= 128
    }
    throw new MalformedProto('a number has more than 64 bits', this.#position)
  }
}
