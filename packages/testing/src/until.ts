import { setTimeout as sleep } from 'node:timers/promises'

/** Longest a test waits for something that will come, in milliseconds: an end for a test that hangs, not a demand on speed. */
export const UNTIL_MS_MAX = 60_000
const LOOK_EVERY_MS = 20

/**
 * Looks until `look` gives something other than `undefined` and resolves with that. Rejects after the longest wait, saying
 * what was waited for and what `still` says then. An error of `look` ends the wait.
 */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined> | T | undefined,
  options: { readonly waitMsMax?: number; readonly still?: () => Promise<string> | string } = {},
): Promise<T> {
  const { waitMsMax = UNTIL_MS_MAX } = options
  const endsAtMs = performance.now() + waitMsMax
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (performance.now() > endsAtMs) {
      const still = options.still === undefined ? '' : `:\n${await options.still()}`
      throw new Error(`${what} did not come within ${waitMsMax / 1000} s${still}`)
    }
    await sleep(LOOK_EVERY_MS)
  }
}
