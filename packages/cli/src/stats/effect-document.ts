import {
  type Estimate,
  type EstimateResult,
  tUpperQuantile,
  type VerdictPlan,
  type VerdictState,
  verdict,
} from '@sluice/evaluation'
import { type StatsDocument, statsDocument } from './statistic.ts'

/** A single estimate with its interval, t or normal; `bounds` cuts it to where the measure can lie. */
export function estimateDocument(
  result: EstimateResult,
  confidence: number,
  details: Readonly<Record<string, unknown>> = {},
  bounds: readonly [number, number] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
): StatsDocument {
  if (result.kind === 'insufficient') {
    return statsDocument({ n: result.n, verdict: 'insufficient', reason: result.reason, code: result.code, ...details })
  }
  const constant = !(result.standardError > 0)
  return statsDocument({
    estimate: result.estimate,
    standardError: result.standardError,
    n: result.n,
    interval: constant ? null : within(intervalOf(result, confidence), bounds),
    verdict: constant ? 'insufficient' : null,
    reason: constant ? 'the data shows no spread, so no uncertainty can be estimated' : null,
    confidence,
    degreesOfFreedom: result.degreesOfFreedom,
    ...details,
  })
}

/** A comparison with its verdict. */
export function effectDocument(
  effect: EstimateResult,
  plan: VerdictPlan,
  state: VerdictState | { readonly [key in keyof VerdictState]?: VerdictState[key] | undefined } = {},
  details: Readonly<Record<string, unknown>> = {},
): StatsDocument {
  const {
    verdict: outcome,
    reason,
    interval,
    pValue,
    estimate,
    standardError,
    n,
    ...rest
  } = verdict(effect, plan, Object.fromEntries(Object.entries(state).filter(([, value]) => value !== undefined)))
  return statsDocument({ estimate, standardError, n, interval, pValue, verdict: outcome, reason, ...rest, ...details })
}

function intervalOf(estimate: Estimate, confidence: number): readonly [number, number] {
  const half = tUpperQuantile((1 - confidence) / 2, estimate.degreesOfFreedom) * estimate.standardError
  return [estimate.estimate - half, estimate.estimate + half]
}

function within([low, high]: readonly [number, number], [from, to]: readonly [number, number]) {
  return [Math.max(from, low), Math.min(to, high)] as const
}
