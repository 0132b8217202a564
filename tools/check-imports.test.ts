import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { checkImports, importsOf, refuseImport } from './check-imports.ts'

test.each([
  ['contracts', 'ids.ts', '@sluice/stream', /depends on nothing/],
  ['features', 'a.ts', '@sluice/scoring', /pure package may import contracts/],
  ['features', 'a.ts', 'node:fs', /no I\/O/],
  ['features', 'a.test.ts', 'node:fs', undefined],
  ['features', 'a.ts', 'node:crypto', undefined],
  ['scoring', 'a.ts', '@sluice/features', undefined],
  ['stream', 'a.ts', '@sluice/routing', /stream may import contracts/],
  ['kafka', 'a.ts', '@sluice/stream', undefined],
  ['kafka', 'a.ts', '@sluice/routing', /owner of its port/],
  ['onnx', 'a.ts', '@sluice/scoring', undefined],
  ['runtime', 'a.ts', '@sluice/scoring', /runtime may import/],
  ['scorer', 'score-loop.ts', '@sluice/kafka', /only main\.ts/],
  ['scorer', 'main.ts', '@sluice/kafka', undefined],
  ['scorer', 'main.ts', '@sluice/router', /never imports a service/],
  ['cli', 'main.ts', '@sluice/kafka', undefined],
  ['scorer', 'score-loop.ts', '@sluice/testing', /only tests/],
  ['scorer', 'score-loop.test.ts', '@sluice/testing', undefined],
  ['novelty', 'a.ts', '@sluice/contracts', /has no kind/],
  ['kafka', 'a.ts', '@sluice/kafka', /relative path/],
])('%s/%s importing %s', (from, file, to, why) => {
  if (why === undefined) expect(refuseImport(from, file, to)).toBeUndefined()
  else expect(refuseImport(from, file, to)).toMatch(why)
})

test('every form of import is seen, with its line', () => {
  const source = [
    `import { a } from 'one'`,
    `import type {`,
    `  B,`,
    `} from 'two'`,
    `export * from "three"`,
    `import 'four'`,
    `const x = await import('five')`,
  ].join('\n')
  expect(importsOf(source)).toEqual([
    { name: 'one', line: 1 },
    { name: 'two', line: 4 },
    { name: 'three', line: 5 },
    { name: 'four', line: 6 },
    { name: 'five', line: 7 },
  ])
})

test('a violation is reported with file, line, import and rule', () => {
  const root = mkdtempSync(join(tmpdir(), 'sluice-imports-'))
  try {
    for (const dir of ['packages/features/src', 'packages/kafka/src', 'services'])
      mkdirSync(join(root, dir), { recursive: true })
    writeFileSync(join(root, 'packages/features/src/a.ts'), `\nimport { k } from '@sluice/kafka'\n`)
    writeFileSync(
      join(root, 'packages/kafka/src/b.ts'),
      `import { a } from '../../features/src/a.ts'\nimport './c.ts'\n`,
    )
    expect(checkImports(root)).toEqual([
      'packages/features/src/a.ts:2: `@sluice/kafka`: a pure package may import contracts and nothing else of ours',
      'packages/kafka/src/b.ts:1: `../../features/src/a.ts`: leaves the package; import it by its name',
    ])
  } finally {
    rmSync(root, { recursive: true })
  }
})
