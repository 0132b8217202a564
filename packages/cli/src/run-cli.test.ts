import { existsSync, writeFileSync } from 'node:fs'
import type { Command } from 'commander'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { CliIo } from './cli-io.ts'
import { COMMANDS } from './run-cli.ts'
import { type MemoryCli, memoryCli } from './testing/memory-cli.ts'

let cli: MemoryCli
beforeEach(() => {
  cli = memoryCli()
})
afterEach(() => cli.close())

/** Loading a command touches nothing of it. */
const loading = {} as CliIo
const leaves = (command: Command, path: readonly string[]): [readonly string[], Command][] =>
  command.commands.length === 0
    ? [[path, command]]
    : command.commands.flatMap((inner) => leaves(inner, [...path, inner.name()]))

describe.each(Object.keys(COMMANDS))('sluice %s', (name) => {
  test('is listed under its own name with its own description', async () => {
    const command = await COMMANDS[name]!.load(loading)
    expect(command.name()).toBe(name)
    expect(command.description()).toBe(COMMANDS[name]!.summary)
  })

  test('has help with an example for each of its commands', async () => {
    for (const [path] of leaves(await COMMANDS[name]!.load(loading), [name])) {
      const { exitCode, stdout, stderr } = await cli.run([...path, '--help'])
      expect([exitCode, stderr], path.join(' ')).toEqual([0, ''])
      expect(stdout).toMatch(/\nExamples?:\n {2}.*sluice /)
      for (const part of path) expect(stdout).toContain(part)
    }
  })
})

test('help without a command lists all of them, on stdout', async () => {
  const { exitCode, stdout } = await cli.run(['--help'])
  expect(exitCode).toBe(0)
  for (const name of Object.keys(COMMANDS)) expect(stdout).toMatch(new RegExp(`^ {2}${name} `, 'm'))
  expect((await cli.run(['help', 'tail'])).stdout).toContain('--follow')
})

test.each<[string, readonly string[], RegExp]>([
  ['an unknown command, with the nearest one', ['tial'], /unknown command 'tial'[\s\S]*tail/],
  ['an unknown option', ['tail', 'x', '--nope'], /unknown option '--nope'/],
  ['a missing argument', ['inspect'], /missing required argument 'id'/],
  ['a value that is none', ['tail', 'x', '--count', '-1'], /must be a whole number/],
  ['no command at all', [], /Usage: sluice/],
])('%s is a usage error on stderr', async (_what, args, message) => {
  const { exitCode, stdout, stderr } = await cli.run(args)
  expect([exitCode, stdout]).toEqual([2, ''])
  expect(stderr).toMatch(message)
})

test('a configuration that is not there or wrong exits with 78 and lists every problem', async () => {
  const missing = `${cli.dir}/nowhere.yaml`
  expect(existsSync(missing)).toBe(false)
  const result = await cli.run(['config', 'validate', '--config', missing])
  expect(result.exitCode).toBe(78)
  expect(result.stderr).toContain('nowhere.yaml')
  const wrong = `${cli.dir}/wrong.yaml`
  writeFileSync(wrong, 'kafka: { broker: [x] }\nendpoints: {}\n')
  const problems = await cli.run(['topics', 'plan', '--config', wrong])
  expect(problems.exitCode).toBe(78)
  expect(problems.stderr).toMatch(/2 problem\(s\)[\s\S]*Did you mean `brokers`/)
})

test('a broker that is away exits with 1 and says what to do', async () => {
  const { DependencyError } = await import('@sluice/contracts')
  const { exitCode, stderr, stdout } = await cli.run(['topics', 'plan', '--config', cli.configFile], {
    openLog: async () => {
      throw new DependencyError('kafka', 'localhost:9092 did not answer', { next: 'Start Kafka.' })
    },
  })
  expect([exitCode, stdout]).toEqual([1, ''])
  expect(stderr).toMatch(/error: DependencyError: kafka: localhost:9092 did not answer\nnext: Start Kafka\./)
})
