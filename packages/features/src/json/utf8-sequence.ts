/**
 * Length of the UTF-8 sequence at a byte of 0x80 or more, 0 when it is malformed: overlong, a surrogate, above U+10FFFF or
 * cut off (Unicode 16, table 3-7).
 */
export function utf8SequenceLength(bytes: Uint8Array, at: number, end: number): 0 | 2 | 3 | 4 {
  const lead = bytes[at]!
  if (lead < 0xc2 || lead > 0xf4) return 0
  const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
  if (end - at < length) return 0
  const second = bytes[at + 1]!
  const lowest = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80
  const highest = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf
  if (second < lowest || second > highest) return 0
  for (let i = 2; i < length; i++) if ((bytes[at + i]! & 0xc0) !== 0x80) return 0
  return length
}
