import type { Clock } from '@sluice/contracts'
import type { PlanVariant, ScorerReady } from '@sluice/routing'
import { RequestRefused } from '@sluice/runtime'
import type { Logger, Telemetry } from '@sluice/stream'
import { z } from 'zod'

/** Longest one scorer may take for an answer, in milliseconds. */
export const SCORER_TIMEOUT_MS = 2_000
/** How long one request goes on asking further scorers, in milliseconds. */
export const ASKING_MS_MAX = 5_000
/** How long a scorer that gave no usable answer is asked only after the others, in milliseconds. */
export const SILENT_MS = 10_000
/** Silent scorers that are remembered. */
export const MAX_SILENT_SCORERS = 4_096

const scorerAnswer = z.object({
  outputs: z.array(
    z.object({ name: z.string(), datatype: z.string(), shape: z.array(z.int()).min(1), data: z.array(z.unknown()) }),
  ),
})
export type ScorerOutput = z.infer<typeof scorerAnswer>['outputs'][number]

const scorerProblem = z.object({ type: z.string(), detail: z.string(), field: z.string().optional() })
/** What the caller can mend: these answers are passed on. Others are the scorer's own trouble. */
const CALLERS_FAULT: ReadonlySet<number> = new Set([400, 413, 422])
const PROBLEM_PREFIX = 'urn:sluice:problem:'

export interface ScorerTensor {
  readonly name: string
  readonly datatype: string
  readonly shape: readonly number[]
  readonly data: readonly unknown[]
}

export interface ScorerClientOptions {
  readonly clock: Clock
  readonly logger: Logger
  readonly telemetry: Telemetry
  readonly timeoutMs?: number
}

/**
 * Asks scorers over the Open Inference Protocol; those of one version take turns, and a silent one is passed over. A scorer
 * that was killed takes nothing back, so any number of announcements may lead nowhere: what answers is asked first, and a
 * request ends without an answer only when nobody has one or its time is up.
 */
export class ScorerClient {
  readonly #options: ScorerClientOptions
  /** By address, until when each is asked last; in the order in which they fell silent. */
  readonly #silentUntilMs = new Map<string, number>()
  #turn = 0

  constructor(options: ScorerClientOptions) {
    this.#options = options
  }

  /** Throws RequestRefused: with the scorer's own problem when the rows are at fault, else 503. */
  async infer(
    variant: PlanVariant,
    scorers: readonly ScorerReady[],
    inputs: readonly ScorerTensor[],
  ): Promise<readonly ScorerOutput[]> {
    if (scorers.length === 0) {
      throw new RequestRefused(
        503,
        'no-ready-scorer',
        '',
        `no scorer is ready for ${variant.model} version ${variant.version}; try again, nothing was recorded`,
      )
    }
    const body = JSON.stringify({ inputs })
    const { clock } = this.#options
    const endsAtMs = clock.monotonicMs() + ASKING_MS_MAX
    for (const scorer of this.#inTurn(scorers)) {
      if (clock.monotonicMs() >= endsAtMs) break
      const answer = await this.#ask(variant, scorer, body)
      if (answer instanceof RequestRefused) throw answer
      if (answer !== undefined) return answer
    }
    throw new RequestRefused(
      503,
      'scorer-unavailable',
      '',
      `no scorer of ${variant.model} version ${variant.version} answered; try again, nothing was recorded`,
    )
  }

  /** All scorers, each request beginning with another one; those that were silent lately come last. */
  #inTurn(scorers: readonly ScorerReady[]): readonly ScorerReady[] {
    const first = this.#turn++ % scorers.length
    const rotated = [...scorers.slice(first), ...scorers.slice(0, first)]
    const nowMs = this.#options.clock.monotonicMs()
    const isSilent = ({ url }: ScorerReady): boolean => (this.#silentUntilMs.get(url) ?? nowMs) > nowMs
    return [...rotated.filter((scorer) => !isSilent(scorer)), ...rotated.filter(isSilent)]
  }

  #fellSilent(url: string): void {
    this.#silentUntilMs.delete(url)
    this.#silentUntilMs.set(url, this.#options.clock.monotonicMs() + SILENT_MS)
    if (this.#silentUntilMs.size > MAX_SILENT_SCORERS) {
      this.#silentUntilMs.delete(this.#silentUntilMs.keys().next().value!)
    }
  }

  /** `undefined` when another scorer should be asked. */
  async #ask(
    variant: PlanVariant,
    scorer: ScorerReady,
    body: string,
  ): Promise<readonly ScorerOutput[] | RequestRefused | undefined> {
    const path = `/v2/models/${variant.model}/versions/${variant.version}/infer`
    const { logger, telemetry, timeoutMs = SCORER_TIMEOUT_MS } = this.#options
    try {
      const response = await fetch(scorer.url.replace(/\/+$/, '') + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
        redirect: 'error',
        signal: AbortSignal.timeout(timeoutMs),
      })
      const json: unknown = await response.json()
      if (response.ok) {
        const { outputs } = scorerAnswer.parse(json)
        this.#silentUntilMs.delete(scorer.url)
        return outputs
      }
      if (CALLERS_FAULT.has(response.status)) {
        const { type, detail, field = '' } = scorerProblem.parse(json)
        const code = type.startsWith(PROBLEM_PREFIX) ? type.slice(PROBLEM_PREFIX.length) : 'invalid-request'
        return new RequestRefused(response.status, code, field, `${variant.name}: ${detail}`)
      }
      throw new Error(`answered with status ${response.status}`)
    } catch (error) {
      // Any reason counts the same: this scorer gave no usable answer, another may.
      this.#fellSilent(scorer.url)
      telemetry.count('sluice_dependency_errors_total', { dependency: 'scorer' }, 1)
      logger.warn('A scorer did not answer.', { instance: scorer.instance, url: scorer.url, error })
      return undefined
    }
  }
}
