import { readFileSync } from 'node:fs'
import { parseRolloutSpec } from '@sluice/rollout'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { memoryCli } from '../../packages/cli/src/testing/memory-cli.ts'

const guide = readFileSync(new URL('../../docs/guides/rollouts.md', import.meta.url), 'utf8')
const blocks = (language: string) =>
  [...guide.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map((match) => match[1]!)

test('the specification in the guide is one', () => {
  const [yaml] = blocks('yaml')
  const result = parseRolloutSpec(parse(yaml!))
  expect(result.ok ? [] : result.problems).toEqual([])
})

test('the command in the guide is one', async () => {
  const [line] = blocks('sh')
  const args = line!.trim().split(/\s+/)
  expect(args.shift()).toBe('sluice')
  const cli = memoryCli()
  try {
    const small = await cli.run([...args.slice(0, -1), '1', '--scenario', 'aa'])
    expect([small.exitCode, small.stdout.split('\n').length]).toEqual([0, 5])
  } finally {
    await cli.close()
  }
})
