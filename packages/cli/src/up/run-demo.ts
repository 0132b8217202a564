import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ConfigError, endpointTopics } from '@sluice/contracts'
import { platformSchema, readSchemaFile } from '@sluice/registry'
import type { LoadedConfig } from '@sluice/runtime'
import { valueSubject } from '@sluice/stream'
import { type CliIo, toJson } from '../cli-io.ts'
import { DemoCustomers } from './demo-customers.ts'
import { liveView, Screen } from './live-view.ts'
import type { Platform } from './platform.ts'
import { PredictionStats } from './prediction-stats.ts'
import { PredictionTail } from './prediction-tail.ts'
import { summaryLines } from './summary.ts'

/** File of customers beside the event schema of the demo's endpoint. */
const CUSTOMERS_FILE = 'customers.heldout.jsonl'
/** How often customers are sent, and how often a screen is drawn, in milliseconds. */
const SEND_EVERY_MS = 50
const DRAW_EVERY_MS = 500
/** Most customers in one send. */
const SEND_MAX = 5_000
/** How long the last predictions may take with `--exit`, in milliseconds. */
const FINISH_WAIT_MS = 60_000

export interface DemoOptions {
  readonly io: CliIo
  readonly platform: Platform
  readonly loaded: LoadedConfig
  readonly exit: boolean
  readonly json: boolean
  readonly rate: number
}

/** Sends held-out customers and shows what becomes of them; with `exit` each once, then a summary. */
export async function runDemo(options: DemoOptions): Promise<void> {
  const { io, platform, loaded } = options
  const [endpoint, settings] = Object.entries(loaded.config.endpoints)[0]!
  const topics = endpointTopics(endpoint, loaded.config.topics.prefix)
  const schemaFile = join(loaded.baseDir, settings.schema)
  const customersFile = join(dirname(schemaFile), CUSTOMERS_FILE)
  if (!existsSync(customersFile)) {
    throw new ConfigError([
      {
        path: customersFile,
        problem: 'is not there',
        fix: 'Leave --demo out, or put rows of events beside the schema.',
      },
    ])
  }
  const log = await platform.openLog('demo')
  const stats = new PredictionStats()
  const tail = await PredictionTail.open(log, topics, settings.partitions, platformSchema('prediction'), (p) =>
    stats.add(p),
  )
  const writer = await log.openWriter()
  const registered = await platform.openRegistry().latest(valueSubject(topics.events))
  const customers = new DemoCustomers({
    file: customersFile,
    schema: readSchemaFile(schemaFile),
    schemaId: registered!.id,
    topics,
    partitions: settings.partitions,
    writer,
  })
  const stop = new AbortController()
  const reading = tail.run(AbortSignal.any([io.signal, stop.signal]))
  try {
    const startedMs = io.clock.monotonicMs()
    const produced = await send(options, customers, stats)
    if (options.exit) {
      await awaitPredictions(io, stats, produced)
      const summary = {
        events: produced,
        seconds: (io.clock.monotonicMs() - startedMs) / 1000,
        variants: stats.variants(),
      }
      if (options.json) await io.out(toJson(summary))
      else for (const line of summaryLines(summary)) await io.out(line)
      if (stats.total < produced) throw new Error(`${produced - stats.total} of ${produced} events have no prediction`)
    }
  } finally {
    stop.abort()
    await reading
    await tail.close()
    await writer.close()
    await log.close()
  }
}

/** Sends at the rate asked for until every customer is through (with `exit`) or Ctrl-C. Returns how many were sent. */
async function send(
  { io, exit, rate }: DemoOptions,
  customers: DemoCustomers,
  stats: PredictionStats,
): Promise<number> {
  const screen = new Screen(process.stderr)
  const startedMs = io.clock.monotonicMs()
  let produced = 0
  let drawnMs = startedMs
  let drawnTotal = 0
  while (!io.signal.aborted && !(exit && produced === customers.count)) {
    const elapsedMs = io.clock.monotonicMs() - startedMs
    const due = Math.min(
      Math.ceil((elapsedMs * rate) / 1000) - produced,
      SEND_MAX,
      exit ? customers.count - produced : SEND_MAX,
    )
    if (due > 0) {
      await customers.send(due, io.clock.nowMs())
      produced += due
    }
    const sinceMs = io.clock.monotonicMs() - drawnMs
    if (sinceMs >= DRAW_EVERY_MS) {
      const ratePerSecond = ((stats.total - drawnTotal) / sinceMs) * 1000
      screen.draw(liveView(stats, { produced, ratePerSecond, lag: produced - stats.total }))
      drawnMs = io.clock.monotonicMs()
      drawnTotal = stats.total
    }
    await io.clock.sleep(SEND_EVERY_MS, io.signal)
  }
  screen.draw(
    liveView(stats, {
      produced,
      ratePerSecond: (produced / (io.clock.monotonicMs() - startedMs)) * 1000,
      lag: produced - stats.total,
    }),
  )
  return produced
}

async function awaitPredictions(io: CliIo, stats: PredictionStats, produced: number): Promise<void> {
  const deadlineMs = io.clock.monotonicMs() + FINISH_WAIT_MS
  while (stats.total < produced && io.clock.monotonicMs() < deadlineMs && !io.signal.aborted) {
    await io.clock.sleep(SEND_EVERY_MS, io.signal)
  }
}
