import type { PlanVariant, ScorerReady } from '@sluice/routing'
import { RequestRefused } from '@sluice/runtime'
import type { Logger, Telemetry } from '@sluice/stream'
import { z } from 'zod'

/** Longest one scorer may take for an answer, in milliseconds. */
export const SCORER_TIMEOUT_MS = 2_000
/** Most scorers that are asked for one request. */
export const MAX_SCORERS_ASKED = 3

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
  readonly logger: Logger
  readonly telemetry: Telemetry
  readonly timeoutMs?: number
}

/** Asks scorers over the Open Inference Protocol; those of one version take turns, and a silent one is passed over. */
export class ScorerClient {
  readonly #options: ScorerClientOptions
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
    const first = this.#turn++
    for (let i = 0; i < Math.min(scorers.length, MAX_SCORERS_ASKED); i++) {
      const scorer = scorers[(first + i) % scorers.length]!
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
      if (response.ok) return scorerAnswer.parse(json).outputs
      if (CALLERS_FAULT.has(response.status)) {
        const { type, detail, field = '' } = scorerProblem.parse(json)
        const code = type.startsWith(PROBLEM_PREFIX) ? type.slice(PROBLEM_PREFIX.length) : 'invalid-request'
        return new RequestRefused(response.status, code, field, `${variant.name}: ${detail}`)
      }
      throw new Error(`answered with status ${response.status}`)
    } catch (error) {
      // Any reason counts the same: this scorer gave no usable answer, another may.
      telemetry.count('sluice_dependency_errors_total', { dependency: 'scorer' }, 1)
      logger.warn('A scorer did not answer.', { instance: scorer.instance, url: scorer.url, error })
      return undefined
    }
  }
}
