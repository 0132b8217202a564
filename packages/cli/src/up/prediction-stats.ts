/** One prediction as the live view sees it. */
export interface SeenPrediction {
  readonly predictionId: string
  readonly eventId: string
  readonly key: string
  readonly version: number
  readonly variant: string
  readonly mode: 'live' | 'shadow'
  readonly score: number
  readonly decision: string
  /** Record time of the event, in milliseconds since the Unix epoch. */
  readonly eventTimeMs: number
  /** From there to the record time of the prediction, in milliseconds. */
  readonly latencyMs: number
}

export interface VariantStats {
  readonly variant: string
  readonly version: number
  readonly mode: 'live' | 'shadow'
  readonly predictions: number
  /** Predictions that came a second time; readers tell them by their id. */
  readonly duplicates: number
  readonly decisions: Readonly<Record<string, number>>
  readonly meanScore: number
  readonly latencyMs: { readonly p50: number; readonly p99: number }
}

/** Latencies kept per variant for the percentiles; older ones are overwritten. */
const LATENCIES_KEPT = 8_192
/** Last predictions shown. */
const LAST_KEPT = 8

interface Tally {
  readonly variant: string
  readonly version: number
  readonly mode: 'live' | 'shadow'
  predictions: number
  duplicates: number
  scoreSum: number
  readonly decisions: Record<string, number>
  readonly latencies: Float64Array
  /** Highest offset seen per partition: a prediction at or below it is a repeat. */
  readonly highest: Map<number, bigint>
}

/** Adds up what comes out of the predictions topic: counts, split, latency, the last few. */
export class PredictionStats {
  readonly #tallies = new Map<string, Tally>()
  readonly #last: SeenPrediction[] = []

  add(prediction: SeenPrediction): void {
    const tally = this.#tally(prediction)
    const [, , partition, offset] = prediction.predictionId.split('.')
    const highest = tally.highest.get(Number(partition)) ?? -1n
    if (BigInt(offset!) <= highest) {
      tally.duplicates++
      return
    }
    tally.highest.set(Number(partition), BigInt(offset!))
    tally.latencies[tally.predictions % LATENCIES_KEPT] = prediction.latencyMs
    tally.predictions++
    tally.scoreSum += prediction.score
    tally.decisions[prediction.decision] = (tally.decisions[prediction.decision] ?? 0) + 1
    if (prediction.mode === 'live') {
      this.#last.unshift(prediction)
      this.#last.length = Math.min(this.#last.length, LAST_KEPT)
    }
  }

  /** Live predictions counted so far, each once. */
  get total(): number {
    let sum = 0
    for (const tally of this.#tallies.values()) if (tally.mode === 'live') sum += tally.predictions
    return sum
  }

  /** Newest first. */
  get last(): readonly SeenPrediction[] {
    return this.#last
  }

  /** By version, live before shadow. */
  variants(): readonly VariantStats[] {
    return [...this.#tallies.values()]
      .sort((a, b) => a.mode.localeCompare(b.mode) || a.version - b.version)
      .map((t) => {
        const latencies = t.latencies.slice(0, Math.min(t.predictions, LATENCIES_KEPT)).sort()
        return {
          variant: t.variant,
          version: t.version,
          mode: t.mode,
          predictions: t.predictions,
          duplicates: t.duplicates,
          decisions: { ...t.decisions },
          meanScore: t.scoreSum / t.predictions,
          latencyMs: { p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) },
        }
      })
  }

  #tally({ variant, version, mode }: SeenPrediction): Tally {
    const key = `${mode}/${version}/${variant}`
    let tally = this.#tallies.get(key)
    if (tally === undefined) {
      tally = {
        variant,
        version,
        mode,
        predictions: 0,
        duplicates: 0,
        scoreSum: 0,
        decisions: {},
        latencies: new Float64Array(LATENCIES_KEPT),
        highest: new Map(),
      }
      this.#tallies.set(key, tally)
    }
    return tally
  }
}

/** Nearest-rank quantile of sorted values. */
function quantile(sorted: Float64Array, q: number): number {
  if (sorted.length === 0) return Number.NaN
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1))]!
}
