import { readdirSync } from 'node:fs'
import { afterAll, describe, expect, inject, test } from 'vitest'
import { ChapterRunner, chapterSteps, readChapter } from './run-chapter.ts'

const chapters = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.md'))
  .sort()

describe.each(chapters)('%s', (file) => {
  const steps = chapterSteps(readChapter(file))
  const runner = new ChapterRunner({
    SLUICE_KAFKA__BROKERS: inject('kafkaBrokers').join(','),
    SLUICE_REGISTRY__URL: inject('registryUrl'),
    SLUICE_REDIS__URL: inject('redisUrl'),
    // Its own topics: other tests share the broker.
    SLUICE_TOPICS__PREFIX: '',
  })
  afterAll(() => runner.stop())

  test.each(steps.map((step) => [step.line, step.script.trim().split('\n')[0]!, step] as const))(
    'line %i: %s',
    async (_line, _first, step) => {
      expect(await runner.run(step)).toEqual([])
    },
  )
})

test('the reader of the pages finds blocks, flags and what follows them', () => {
  const [first, second] = chapterSteps(
    'text\n```sh exit=3\na\nb\n```\n\n```output\nx…y\n```\n```sh background until="Up"\nc\n```\n',
  )
  expect(first).toEqual({ line: 2, script: 'a\nb\n', kind: 'run', exitCode: 3, until: '', expected: ['x…y'] })
  expect(second).toMatchObject({ kind: 'background', until: 'Up', expected: [] })
})
