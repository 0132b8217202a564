import { runCli } from '@sluice/cli'
import { kafkaLog } from '@sluice/kafka'
import { connectRedis } from '@sluice/redis'
import { confluentSchemaRegistry } from '@sluice/registry'
import { systemClock } from '@sluice/runtime'

export interface CommandResult {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

const QUIET = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** Runs a command of the CLI in this process, on what the environment names. */
export async function runCommand(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<CommandResult> {
  const stdout: string[] = []
  const stderr: string[] = []
  const exitCode = await runCli(args, {
    out: async (line) => void stdout.push(line),
    note: (line) => void stderr.push(line),
    color: false,
    input: async function* () {},
    env,
    actor: 'ada',
    signal: new AbortController().signal,
    clock: systemClock,
    openLog: async ({ kafka }) => kafkaLog({ ...kafka, clock: systemClock, logger: QUIET }),
    openRegistry: async ({ registry }) => confluentSchemaRegistry({ url: registry.url, clock: systemClock }),
    openRedis: ({ redis }) => connectRedis({ url: redis.url }),
  })
  return { exitCode, stdout: stdout.join('\n'), stderr: stderr.join('\n') }
}
