import type { ConfigProblem } from '@sluice/contracts'
import type { Readiness } from './control-state.ts'
import type { RoutePlan } from './route-plan.ts'

/**
 * Why a plan must not be published now: every variant that gets traffic but that no ready scorer can score. Empty when
 * nothing speaks against it. Shadows may wait for their scorer, they answer nobody.
 */
export function refusePlan(plan: RoutePlan, readiness: Readiness): readonly ConfigProblem[] {
  const readyVersions = new Set<number>()
  for (const scorer of readiness.values()) readyVersions.add(scorer.version)
  const problems: ConfigProblem[] = []
  plan.variants.forEach((variant, i) => {
    if (variant.weightBp === 0 || readyVersions.has(variant.version)) return
    problems.push({
      path: `variants[${i}]`,
      problem: `${variant.name} gets ${variant.weightBp / 100} percent of the keys, but no scorer is ready for version ${variant.version}`,
      fix: `Start a scorer for ${variant.model} version ${variant.version} and wait until it is ready, or set the weight to 0`,
    })
  })
  return problems
}
