import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { startVitest, type Vitest } from 'vitest/node'
import { addCounts, type Counts, countLine, type NotRun, notRunLines, type ResultModule, tally } from './test-tally.ts'

/**
 * Runs everything: format and lint, types, the import table, then the test projects. `npm test -- [--project name]… [file]…`
 * runs the named projects or files and nothing else. Ends with what was not run and why, and last the counts, alone on a line.
 */
const ROOT = resolve(import.meta.dirname, '..')
const EXIT_FAILED = 1

/** The second group shares the machine with a broker and a registry, so the first has ended before these start. */
const PROJECT_GROUPS = [
  ['unit', 'sim'],
  ['contract', 'integration', 'e2e'],
] as const

const CHECKS: readonly { readonly name: string; readonly command: readonly string[] }[] = [
  { name: 'format and lint', command: [bin('biome'), 'check', '.'] },
  { name: 'types', command: [bin('tsc'), '--noEmit', '-p', '.'] },
  { name: 'imports', command: [process.execPath, join('tools', 'check-imports.ts')] },
]

const { values, positionals } = parseArgs({
  options: { project: { type: 'string', multiple: true } },
  allowPositionals: true,
})
const known: readonly string[] = PROJECT_GROUPS.flat()
const unknown = values.project?.find((name) => !known.includes(name))
if (unknown !== undefined) {
  process.stderr.write(`There is no test project ${unknown}; there are ${known.join(', ')}.\n`)
  process.exit(64)
}

const notRun: NotRun[] = []
let counts: Counts = { passed: 0, failed: 0, skipped: 0 }
if (values.project === undefined && positionals.length === 0) {
  for (const check of CHECKS) counts = addCounts(counts, runCheck(check))
} else {
  notRun.push({ what: 'checks of format, types and imports', why: 'a part of the tests was asked for' })
}
for (const group of PROJECT_GROUPS) {
  const projects = group.filter((name) => values.project?.includes(name) ?? true)
  if (projects.length > 0) counts = addCounts(counts, await runProjects(projects, positionals))
}
if (counts.passed + counts.failed === 0) {
  process.stderr.write('No test matches.\n')
  process.exitCode = EXIT_FAILED
} else {
  process.exitCode = counts.failed > 0 ? EXIT_FAILED : 0
}
process.stdout.write(`${[...notRunLines(notRun), countLine(counts)].join('\n')}\n`)

function bin(name: string): string {
  return join(ROOT, 'node_modules', '.bin', name)
}

function runCheck(check: (typeof CHECKS)[number]): Counts {
  const [command, ...args] = check.command
  const startedMs = performance.now()
  const result = spawnSync(command!, args, { cwd: ROOT, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
  const passed = result.status === 0
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
  process.stdout.write(`${passed ? 'passed' : 'FAILED'}  ${check.name} (${seconds} s)\n`)
  if (!passed) process.stdout.write(`${result.stdout ?? ''}${result.stderr ?? ''}${result.error?.message ?? ''}\n`)
  return { passed: passed ? 1 : 0, failed: passed ? 0 : 1, skipped: 0 }
}

async function runProjects(projects: readonly string[], filters: readonly string[]): Promise<Counts> {
  const vitest: Vitest = await startVitest('test', [...filters], {
    root: ROOT,
    run: true,
    watch: false,
    project: [...projects],
    passWithNoTests: true,
  })
  const modules = vitest.state.getTestModules()
  const result = tally(modules.map(toResultModule), vitest.state.getUnhandledErrors().length)
  await vitest.close()
  notRun.push(...result.notRun)
  return result.counts
}

function toResultModule(module: ReturnType<Vitest['state']['getTestModules']>[number]): ResultModule {
  return {
    file: existsSync(module.moduleId) ? module.moduleId.slice(ROOT.length + 1) : module.moduleId,
    errors: module.errors().length + [...module.children.allSuites()].flatMap((suite) => suite.errors()).length,
    tests: [...module.children.allTests()].map((test) => {
      const result = test.result()
      return { name: test.fullName, state: result.state, why: 'note' in result ? result.note : undefined }
    }),
  }
}
