import { userInfo } from 'node:os'
import { styleText } from 'node:util'
import { systemClock } from '@sluice/runtime'
import type { CliIo } from './cli-io.ts'
import { noteLogger } from './note-logger.ts'
import { runCli } from './run-cli.ts'

// kafkajs sets timers with a negative delay; Node warns about it on a person's terminal, and it does no harm.
process.removeAllListeners('warning')
process.on('warning', (warning) => {
  if (warning.name !== 'TimeoutNegativeWarning') process.stderr.write(`${warning.name}: ${warning.message}\n`)
})

const interrupt = new AbortController()
process.once('SIGINT', () => interrupt.abort()) // Once: a second Ctrl-C ends the process at once.

/** Resolves when the pipe has room again, so that a slow reader does not fill our memory. */
function out(line: string): Promise<void> {
  return new Promise((resolve) => {
    if (process.stdout.write(`${line}\n`)) resolve()
    else process.stdout.once('drain', resolve)
  })
}
// `sluice tail | head` closes our stdout; there is nobody left to write for.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

const io: CliIo = {
  out,
  note: (line) => process.stderr.write(`${line}\n`),
  // styleText honours NO_COLOR, FORCE_COLOR and what the terminal can do.
  color: styleText('red', 'x', { stream: process.stdout }) !== 'x',
  input: () => process.stdin,
  env: process.env,
  actor: process.env['SLUICE_ACTOR'] ?? userInfo().username,
  signal: interrupt.signal,
  clock: systemClock,
  // Loaded when they are needed: most commands need none or one of them.
  openLog: async (config) => {
    const { kafkaLog } = await import('@sluice/kafka')
    const { brokers, clientId } = config.kafka
    return kafkaLog({ brokers, clientId: `${clientId}-cli`, clock: systemClock, logger: noteLogger(io.note) })
  },
  openRegistry: async (config) => {
    const { confluentSchemaRegistry } = await import('@sluice/registry')
    return confluentSchemaRegistry({ url: config.registry.url, clock: systemClock })
  },
  openRedis: async (config) => {
    const { connectRedis } = await import('@sluice/redis')
    return connectRedis({ url: config.redis.url })
  },
}

const exitCode = await runCli(process.argv.slice(2), io)
// A connection that closes slowly must not hold the prompt; what was written to stdout goes out first.
process.stdout.write('', () => process.exit(exitCode))
