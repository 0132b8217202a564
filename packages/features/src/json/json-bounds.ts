import type { RecordFault } from '@sluice/contracts'
import type { DecoderLimits } from '../decoder-limits.ts'

const QUOTE = 0x22
const COMMA = 0x2c
const OPEN_BRACKET = 0x5b
const BACKSLASH = 0x5c
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

/**
 * Checks JSON text against the limits before anything is built from it. Looks at brackets, commas and strings alone; whether
 * the text is JSON at all is for the parser to say.
 */
export function checkJsonBounds(
  bytes: Uint8Array,
  start: number,
  length: number,
  limits: DecoderLimits,
): 0 | RecordFault {
  const end = start + length
  let depth = 0
  let items = 0
  for (let at = start; at < end; at++) {
    switch (bytes[at]) {
      case QUOTE: {
        const open = at
        at++
        while (at < end && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1
        if (at - open - 1 > limits.maxStringBytes)
          return { code: 'E_RECORD_TOO_MANY_ITEMS', at: `byte ${open - start}` }
        break
      }
      case OPEN_BRACE:
      case OPEN_BRACKET:
        if (++depth > limits.maxDepth) return { code: 'E_RECORD_TOO_DEEP', at: `byte ${at - start}` }
        if (++items > limits.maxItems) return { code: 'E_RECORD_TOO_MANY_ITEMS', at: `byte ${at - start}` }
        break
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        depth--
        break
      case COMMA:
        if (++items > limits.maxItems) return { code: 'E_RECORD_TOO_MANY_ITEMS', at: `byte ${at - start}` }
        break
    }
  }
  return 0
}
