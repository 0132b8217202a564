import { expect, test } from 'vitest'
import { parseBrokers, provideFromEnv } from './env-provider.ts'
import { freePort } from './free-port.ts'

test.each([
  ['localhost:9092', ['localhost:9092']],
  ['a:1, b:2 ,', ['a:1', 'b:2']],
  ['["a:1","b:2"]', ['a:1', 'b:2']],
])('%j names brokers', (text, brokers) => {
  expect(parseBrokers(text)).toEqual(brokers)
})

test.each(['', ' , ', 'localhost', 'a:1,b', 'kafka://a:1', '[]'])('%j is no broker list', (text) => {
  expect(() => parseBrokers(text)).toThrow(/no broker address; write host:port/)
})

test('without addresses the error names the variables of what is needed', async () => {
  const answer = provideFromEnv(['kafka', 'redis'], { env: { SLUICE_REGISTRY__URL: 'http://x' }, report: () => {} })
  await expect(answer).rejects.toThrow('none of SLUICE_KAFKA__BROKERS, SLUICE_REDIS__URL is set')
})

test('an address at which nobody answers is reported with its variable and the cause', async () => {
  const lines: string[] = []
  const port = await freePort()
  const env = { SLUICE_KAFKA__BROKERS: `127.0.0.1:${port}`, SLUICE_REDIS__URL: `redis://127.0.0.1:${port}` }
  const answer = provideFromEnv(['kafka', 'redis'], { env, report: (line) => lines.push(line) })
  await expect(answer).rejects.toMatchObject({ name: 'DependencyError' })
  expect(lines).toHaveLength(2)
  expect(lines[0]).toMatch(/^SLUICE_KAFKA__BROKERS=127\.0\.0\.1:\d+ does not answer: .*ECONNREFUSED/)
  expect(lines[1]).toMatch(/^SLUICE_REDIS__URL=redis:.* does not answer: .*ECONNREFUSED/)
})
