import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const ROOT = resolve(import.meta.dirname, '../..')
/** Longest one command of a chapter may take, in milliseconds. */
const COMMAND_MS_MAX = 120_000
/** What a chapter writes where any text may stand. */
const ANYTHING = '…'

/** A fenced block that is run, and what the reader is told to see. */
export interface Step {
  readonly line: number
  readonly script: string
  /** `setup` is for a person's terminal only, `background` goes on beside the next steps. */
  readonly kind: 'run' | 'setup' | 'background'
  readonly exitCode: number
  /** Text on standard error after which a background step counts as started. */
  readonly until: string
  readonly expected: readonly string[]
}

/** Reads the `sh` blocks of a chapter, each with the `output` block that follows it. */
export function chapterSteps(markdown: string): readonly Step[] {
  const steps: Step[] = []
  const fence = /^```(\S*)([^\n]*)\n([\s\S]*?)^```$/gm
  for (const match of markdown.matchAll(fence)) {
    const [, language, flags = '', body = ''] = match
    if (language === 'sh') {
      steps.push({
        line: markdown.slice(0, match.index).split('\n').length,
        script: body,
        kind: flags.includes('setup') ? 'setup' : flags.includes('background') ? 'background' : 'run',
        exitCode: Number(/exit=(\d+)/.exec(flags)?.[1] ?? 0),
        until: /until="([^"]+)"/.exec(flags)?.[1] ?? '',
        expected: [],
      })
    } else if (language === 'output' && steps.length > 0) {
      const last = steps.pop()!
      steps.push({ ...last, expected: body.split('\n').filter((line) => line !== '') })
    }
  }
  return steps
}

/** Runs the steps of one chapter in a shell each, from the root of the repository, and says what was not as told. */
export class ChapterRunner {
  readonly #env: Record<string, string>
  readonly #bin: string
  readonly #background: ChildProcess[] = []

  constructor(env: Readonly<Record<string, string>>) {
    this.#bin = mkdtempSync(join(tmpdir(), 'sluice-tutorial-'))
    const command = join(this.#bin, 'sluice')
    writeFileSync(
      command,
      `#!/bin/sh\nexec "${process.execPath}" --disable-warning=TimeoutNegativeWarning "${join(ROOT, 'packages/cli/src/main.ts')}" "$@"\n`,
    )
    chmodSync(command, 0o755)
    this.#env = { ...(process.env as Record<string, string>), ...env, PATH: `${this.#bin}:${process.env['PATH']}` }
  }

  /** Problems of one step; none when the reader would see what the page says. */
  async run(step: Step): Promise<readonly string[]> {
    if (step.kind === 'setup') return []
    const child = spawn('sh', ['-c', step.script], {
      cwd: ROOT,
      env: this.#env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: step.kind === 'background',
    })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
    child.stderr.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
    if (step.kind === 'background') {
      this.#background.push(child)
      await until(() => output.includes(step.until) || child.exitCode !== null)
      for (const [, name, value] of output.matchAll(/(SLUICE_[A-Z_]+)=(\S+)/g)) this.#env[name!] = value!
      return child.exitCode === null ? [] : [`ended with ${child.exitCode}:\n${output}`]
    }
    const exitCode = await new Promise<number | null>((done) => child.on('close', done))
    const problems = step.expected.filter((line) => !matches(output, line)).map((line) => `does not print \`${line}\``)
    if (exitCode !== step.exitCode) problems.push(`ended with ${exitCode}, not ${step.exitCode}`)
    return problems.length === 0 ? [] : [...problems, output]
  }

  /** Stops what still runs, as Ctrl-C would. */
  async stop(): Promise<void> {
    for (const child of this.#background) {
      if (child.exitCode !== null) continue
      const ended = new Promise((done) => child.on('close', done))
      process.kill(-child.pid!, 'SIGINT')
      await ended
    }
    rmSync(this.#bin, { recursive: true, force: true })
  }
}

function matches(output: string, line: string): boolean {
  const pattern = line
    .split(ANYTHING)
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('[^\\n]*')
  return new RegExp(pattern).test(output)
}

async function until(done: () => boolean): Promise<void> {
  const deadline = performance.now() + COMMAND_MS_MAX
  while (!done() && performance.now() < deadline) await new Promise((resume) => setTimeout(resume, 50))
}

/** The text of a chapter. */
export function readChapter(file: string): string {
  return readFileSync(join(import.meta.dirname, file), 'utf8')
}
