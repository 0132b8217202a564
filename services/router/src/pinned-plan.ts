import { HEADERS } from '@sluice/contracts'
import { findHeader, type HeaderSpan, type Slab } from '@sluice/stream'

const NAME = new TextEncoder().encode(HEADERS.pinnedPlan)
/** A generation is a safe integer. */
const MAX_DIGITS = 15

/**
 * The plan generation that record `index` is pinned to, 0 when to none. Events that came over REST were already answered by
 * the variant of that plan, so the stream must not ask a newer one.
 * `span` is scratch space of the caller.
 */
export function pinnedGeneration(slab: Slab, index: number, span: HeaderSpan): number {
  const count = slab.headerCounts[index]!
  if (count === 0) return 0
  if (!findHeader(slab.bytes, slab.headerStarts[index]!, slab.headerLengths[index]!, count, NAME, span)) return 0
  if (span.length < 1 || span.length > MAX_DIGITS) return 0
  let generation = 0
  for (let i = span.start; i < span.start + span.length; i++) {
    const digit = slab.bytes[i]! - 0x30
    if (digit < 0 || digit > 9) return 0
    generation = generation * 10 + digit
  }
  return generation
}
