/** Time as a parameter: the system's in services, a virtual one in simulations. */
export interface Clock {
  /** Whole milliseconds since the Unix epoch. */
  nowMs(): number
  /** Milliseconds since some start, with fractions, never going back: for durations. */
  monotonicMs(): number
  /** Resolves after `ms`, or earlier (without an error) when the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}
