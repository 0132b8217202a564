import { ConfigError, platformConfig } from '@sluice/contracts'
import { describe, expect, it } from 'vitest'
import { planFromConfig } from './plan-from-config.ts'

function endpointConfig(changes: object) {
  const variants = [{ name: 'champion', model: 'churn', version: 7, weight: 100 }]
  return platformConfig.parse({
    endpoints: { churn: { key: 'customerId', schema: 'event.avsc', variants, ...changes } },
  }).endpoints['churn']!
}

function refusal(changes: object): readonly { path: string; problem: string }[] {
  try {
    planFromConfig('churn', endpointConfig(changes), 1)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

describe('planFromConfig', () => {
  it('turns percent into basis points and the endpoint name into the salt', () => {
    const config = endpointConfig({
      variants: [
        { name: 'champion', model: 'churn', version: 7, weight: 33.34 },
        { name: 'b', model: 'churn', version: 8, weight: 33.33 },
        { name: 'c', model: 'churn', version: 9, weight: 33.33 },
      ],
      shadows: [{ name: 'candidate', model: 'churn', version: 10, percent: 0.07 }],
    })
    expect(planFromConfig('churn', config, 4)).toEqual({
      generation: 4,
      endpoint: 'churn',
      salt: 'churn',
      variants: [
        { name: 'champion', model: 'churn', version: 7, weightBp: 3334 },
        { name: 'b', model: 'churn', version: 8, weightBp: 3333 },
        { name: 'c', model: 'churn', version: 9, weightBp: 3333 },
      ],
      shadows: [{ name: 'candidate', model: 'churn', version: 10, percentBp: 7 }],
    })
  })

  it('takes the salt of the configuration', () => {
    expect(planFromConfig('churn', endpointConfig({ salt: 'experiment-8' }), 1).salt).toBe('experiment-8')
  })

  it('refuses weights finer than a bucket or with a wrong sum, with the path in the file', () => {
    const problems = refusal({
      variants: [
        { name: 'champion', model: 'churn', version: 7, weight: 66.667 },
        { name: 'b', model: 'churn', version: 8, weight: 33 },
      ],
      shadows: [{ name: 'c', model: 'churn', version: 9, percent: 0.001 }],
    })
    expect(problems.map((p) => p.path)).toEqual([
      'endpoints.churn.variants[0].weight',
      'endpoints.churn.shadows[0].percent',
      'endpoints.churn.variants',
    ])
    expect(problems[0]!.problem).toContain('66.667 percent is finer than the split')
  })
})
