import { type EndpointTopics, HEADERS, type Labels, type Mode } from '@sluice/contracts'
import type { CompiledPlan, PlanShadow, PlanVariant } from '@sluice/routing'
import { type HeaderBlock, HeaderBlockBuilder } from '@sluice/stream'

/** Where one variant or shadow of a plan gets its events, and what is counted for it. */
export interface Target {
  readonly topic: string
  /** `sluice-plan` and `sluice-mode`, the same for all records of the plan. */
  readonly headers: HeaderBlock
  readonly labels: Labels
}

export interface ShadowTarget extends Target {
  /** The shadow gets the keys whose shadow bucket is below this. */
  readonly percentBp: number
}

/** A plan with everything that its records share worked out once. */
export interface PlanTargets {
  readonly plan: CompiledPlan
  readonly variants: readonly Target[]
  readonly shadows: readonly ShadowTarget[]
  /** Bytes of the largest header block. */
  readonly maxHeaderBytes: number
}

export function planTargets(plan: CompiledPlan, topics: EndpointTopics): PlanTargets {
  const live = planHeaders(plan, 'live')
  const shadow = planHeaders(plan, 'shadow')
  const target = (of: PlanVariant | PlanShadow, mode: Mode): Target => ({
    topic: topics.version(of.version),
    headers: mode === 'live' ? live : shadow,
    labels: {
      endpoint: plan.plan.endpoint,
      variant: of.name,
      model: of.model,
      model_version: String(of.version),
      mode,
    },
  })
  return {
    plan,
    variants: plan.variants.map((variant) => target(variant, 'live')),
    shadows: plan.shadows.map((of) => ({ ...target(of, 'shadow'), percentBp: of.percentBp })),
    maxHeaderBytes: Math.max(live.length, shadow.length),
  }
}

function planHeaders(plan: CompiledPlan, mode: Mode): HeaderBlock {
  return new HeaderBlockBuilder().text(HEADERS.plan, String(plan.generation)).text(HEADERS.mode, mode)
}
