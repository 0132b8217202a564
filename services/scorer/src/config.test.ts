import { ConfigError, platformConfig } from '@sluice/contracts'
import { expect, test } from 'vitest'
import { parseScorerArguments, scorerRole } from './config.ts'

const config = platformConfig.parse({
  endpoints: {
    churn: {
      key: 'customerId',
      schema: 's.avsc',
      variants: [{ name: 'champion', model: 'churn', version: 7, weight: 100 }],
      shadows: [{ name: 'candidate', model: 'churn-deep', version: 9 }],
    },
  },
})

const problems = (run: () => unknown): readonly string[] => {
  try {
    run()
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map((p) => p.path)
    throw error
  }
  return []
}

test('all three arguments are read', () => {
  expect(parseScorerArguments(['--config', 'c.yaml', '--endpoint', 'churn', '--version', '8'])).toEqual({
    config: 'c.yaml',
    endpoint: 'churn',
    version: 8,
  })
})

test('everything that is wrong with the command line is said at once', () => {
  expect(problems(() => parseScorerArguments([]))).toEqual(['--config', '--endpoint', '--version'])
  expect(problems(() => parseScorerArguments(['--config', 'c', '--endpoint', 'e', '--version', '8a']))).toEqual([
    '--version',
  ])
  expect(problems(() => parseScorerArguments(['--bogus']))).toContain('command line')
})

test('a version is found among variants and shadows', () => {
  const args = { config: 'c.yaml', endpoint: 'churn' }
  expect(scorerRole(config, { ...args, version: 7 })).toMatchObject({ model: 'churn', variant: 'champion' })
  expect(scorerRole(config, { ...args, version: 9 })).toMatchObject({ model: 'churn-deep', variant: 'candidate' })
  expect(problems(() => scorerRole(config, { ...args, version: 8 }))).toEqual(['endpoints.churn'])
  expect(problems(() => scorerRole(config, { ...args, endpoint: 'fraud', version: 7 }))).toEqual(['endpoints.fraud'])
})
