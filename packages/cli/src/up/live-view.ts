import type { PredictionStats } from './prediction-stats.ts'

/** Column widths of the table of variants. */
const BAR_WIDTH = 24

/** The screen of `sluice up --demo` as lines: rate, split, latency, last predictions. */
export function liveView(
  stats: PredictionStats,
  view: { readonly produced: number; readonly ratePerSecond: number; readonly lag: number },
): readonly string[] {
  const lines = [
    `  ${view.produced} events in · ${stats.total} predictions out · ${Math.round(view.ratePerSecond)}/s · ${view.lag} waiting`,
    '',
    '  version  variant       mode     share                             predictions   p50 ms   p99 ms   decisions',
  ]
  for (const v of stats.variants()) {
    const share = v.mode === 'live' ? v.predictions / Math.max(1, stats.total) : 1
    const bar = '█'.repeat(Math.round(share * BAR_WIDTH)).padEnd(BAR_WIDTH, '·')
    const decisions = Object.entries(v.decisions)
      .map(([label, n]) => `${label} ${n}`)
      .join(', ')
    lines.push(
      `  v${String(v.version).padEnd(7)} ${v.variant.padEnd(13)} ${v.mode.padEnd(8)} ${bar} ${percent(share)}   ${String(v.predictions).padStart(11)} ${ms(v.latencyMs.p50)} ${ms(v.latencyMs.p99)}   ${decisions}`,
    )
  }
  lines.push('', '  last predictions')
  for (const p of stats.last) {
    lines.push(
      `  ${p.key.padEnd(10)} v${p.version}  ${p.score.toFixed(3)}  ${p.decision.padEnd(8)} ${ms(p.latencyMs)} ms   ${p.predictionId}`,
    )
  }
  return lines
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1).padStart(5)} %`
}

function ms(value: number): string {
  return value.toFixed(1).padStart(8)
}

/** Redraws lines in place on a terminal; elsewhere prints one line now and then. */
export class Screen {
  readonly #out: NodeJS.WriteStream
  #drawn = 0

  constructor(out: NodeJS.WriteStream) {
    this.#out = out
  }

  draw(lines: readonly string[]): void {
    if (!this.#out.isTTY) {
      this.#out.write(`${lines[0]!.trim()}\n`)
      return
    }
    const width = this.#out.columns ?? 120
    const up = this.#drawn > 0 ? `\u001b[${this.#drawn}A` : ''
    this.#out.write(up + lines.map((line) => `\u001b[2K${line.slice(0, width - 1)}\n`).join(''))
    this.#drawn = lines.length
  }
}
