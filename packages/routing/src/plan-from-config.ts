import { ConfigError, type ConfigProblem, type EndpointConfig } from '@sluice/contracts'
import { parseRoutePlan, type RoutePlan } from './route-plan.ts'

/** The plan that an endpoint's configuration describes. Throws ConfigError with every problem, paths as in the file. */
export function planFromConfig(endpointName: string, config: EndpointConfig, generation: number): RoutePlan {
  const problems: ConfigProblem[] = []
  const basisPoints = (percent: number, path: string): number => {
    const nearest = Math.round(percent * 100)
    // 33.33 * 100 is 3332.9999999999995 in doubles, so an exact test would refuse a weight that is fine.
    if (Math.abs(nearest - percent * 100) > 1e-6) {
      problems.push({
        path,
        problem: `${percent} percent is finer than the split, which has steps of 0.01 percent`,
        fix: 'Write at most two decimals',
      })
    }
    return nearest
  }
  const plan = {
    generation,
    endpoint: endpointName,
    salt: config.salt ?? endpointName,
    variants: config.variants.map((variant, i) => ({
      name: variant.name,
      model: variant.model,
      version: variant.version,
      weightBp: basisPoints(variant.weight, `variants[${i}].weight`),
    })),
    shadows: config.shadows.map((shadow, i) => ({
      name: shadow.name,
      model: shadow.model,
      version: shadow.version,
      percentBp: basisPoints(shadow.percent, `shadows[${i}].percent`),
    })),
  }
  const result = parseRoutePlan(plan)
  if (!result.ok) problems.push(...result.problems)
  if (result.ok && problems.length === 0) return result.plan
  throw new ConfigError(problems.map((p) => ({ ...p, path: `endpoints.${endpointName}.${p.path}` })))
}
