import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { PlatformConfig } from '@sluice/contracts'
import { loadPlatformConfig, systemClock } from '@sluice/runtime'
import {
  type HeaderBlock,
  HeaderBlockBuilder,
  type Log,
  type MemoryBroker,
  memoryBroker,
  memorySchemaRegistry,
  RecordBatchBuilder,
  type SchemaRegistry,
} from '@sluice/stream'
import type { CliIo } from '../cli-io.ts'
import { runCli } from '../run-cli.ts'

export interface CliResult {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

export interface WrittenRecord {
  readonly key?: string | null
  readonly value?: Uint8Array | string | null
  readonly headers?: readonly (readonly [string, string])[]
  readonly timestampMs?: number
}

/** The command line on a platform in memory: one broker and one registry for all its runs. */
export interface MemoryCli {
  readonly config: PlatformConfig
  readonly configFile: string
  readonly dir: string
  readonly broker: MemoryBroker
  readonly log: Log
  readonly registry: SchemaRegistry
  run(args: readonly string[], over?: Partial<CliIo> & { readonly stdin?: string }): Promise<CliResult>
  write(topic: string, partition: number, records: readonly WrittenRecord[], maxBytes?: number): Promise<void>
  close(): Promise<void>
}

export const EVENT_SCHEMA = {
  type: 'record',
  name: 'CustomerEvent',
  namespace: 'test',
  fields: [
    { name: 'customerId', type: 'string' },
    { name: 'tenure', type: 'int' },
  ],
}

export const CONFIG = `
endpoints:
  churn:
    key: customerId
    schema: customer-event.avsc
    partitions: 3
    variants:
      - { name: champion, model: churn, version: 7, weight: 90 }
      - { name: challenger, model: churn, version: 8, weight: 10 }
`

export function memoryCli(configText = CONFIG): MemoryCli {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-cli-'))
  const configFile = join(dir, 'sluice.yaml')
  writeFileSync(configFile, configText)
  writeFileSync(join(dir, 'customer-event.avsc'), JSON.stringify(EVENT_SCHEMA))
  const broker = memoryBroker({ clock: systemClock })
  const registry = memorySchemaRegistry()
  const log = broker.connect('test')
  const never = new AbortController().signal
  return {
    config: loadPlatformConfig({ file: configFile, env: {} }).config,
    configFile,
    dir,
    broker,
    log,
    registry,
    async run(args, { stdin = '', ...over } = {}) {
      let [stdout, stderr] = ['', '']
      const exitCode = await runCli(args, {
        out: async (line) => {
          stdout += `${line}\n`
        },
        note: (line) => {
          stderr += `${line}\n`
        },
        color: false,
        input: async function* () {
          yield new TextEncoder().encode(stdin)
        },
        env: {},
        actor: 'ada',
        signal: never,
        clock: systemClock,
        openLog: async () => broker.connect('cli'),
        openRegistry: async () => registry,
        openRedis: async () => ({
          ping: async () => 0.1,
          info: async () => ({ version: '8.2.3', usedBytes: 1, limitBytes: 0, evictionPolicy: 'noeviction' }),
          close: async () => {},
        }),
        ...over,
      })
      return { exitCode, stdout, stderr }
    },
    async write(topic, partition, records, maxBytes) {
      const writer = await log.openWriter()
      for (const record of records) writer.append(topic, partition, recordBatch(record, maxBytes))
      await writer.flush()
      await writer.close()
    },
    async close() {
      await log.close()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

function recordBatch(
  { key = null, value = null, headers = [], timestampMs = Date.now() }: WrittenRecord,
  maxBytes: number | undefined,
): RecordBatchBuilder {
  const batch = new RecordBatchBuilder(maxBytes === undefined ? {} : { maxBytes })
  const keyBytes = key === null ? null : new TextEncoder().encode(key)
  const valueBytes = typeof value === 'string' ? new TextEncoder().encode(value) : value
  if (keyBytes !== null) batch.key(keyBytes, 0, keyBytes.length)
  if (valueBytes !== null) batch.value(valueBytes, 0, valueBytes.length)
  batch.extraHeaders(headerBlock(headers))
  batch.add(timestampMs)
  return batch
}

export function headerBlock(headers: readonly (readonly [string, string])[]): HeaderBlock {
  const block = new HeaderBlockBuilder()
  for (const [name, value] of headers) block.text(name, value)
  return block
}
