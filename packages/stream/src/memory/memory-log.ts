import { type Clock, ConfigError, type DependencyError, invariant } from '@sluice/contracts'
import type {
  AssignedReaderOptions,
  Delivery,
  GroupReaderOptions,
  Log,
  LogAdmin,
  LogReader,
  LogWriter,
  TopicPartition,
  WorkSession,
} from '../log.ts'
import type { FaultPlan } from './fault-plan.ts'
import { MemoryAdmin, type MemoryTopic, unknownTopic } from './memory-admin.ts'
import { MemoryGroup } from './memory-group.ts'
import type { MemoryPartition } from './memory-partition.ts'
import { MemoryProcess } from './memory-process.ts'
import { MemoryReader } from './memory-reader.ts'
import { MemoryTransactions } from './memory-transactions.ts'
import { MemoryWorkSession } from './memory-work.ts'
import { MemoryWriter } from './memory-writer.ts'

/** Kafka's defaults for consumers, where it has one. */
export const DEFAULT_SESSION_TIMEOUT_MS = 10_000
export const DEFAULT_REBALANCE_TIMEOUT_MS = 30_000
export const DEFAULT_TRANSACTION_TIMEOUT_MS = 10_000
/** Most record bytes of one poll, over all partitions. */
export const DEFAULT_MAX_POLL_BYTES = 4 * 1024 * 1024

export interface MemoryBrokerOptions {
  readonly clock: Clock
  readonly sessionTimeoutMs?: number
  readonly rebalanceTimeoutMs?: number
  readonly transactionTimeoutMs?: number
  readonly maxPollBytes?: number
}

/** The log as one process sees it. */
export interface MemoryLog extends Log {
  /** The process is gone without a word: what it had open is neither closed nor committed. */
  crash(): void
}

/**
 * Topics and groups in memory. Records are kept as sealed batches and every poll decodes them, as with a real broker.
 * Nothing is ever deleted or compacted: `cleanup.policy` and retention are kept as configuration and have no effect.
 */
export interface MemoryBroker {
  /** A process of this name. Several processes share topics and groups; a crash ends one of them. */
  connect(client: string, options?: { readonly faults?: FaultPlan }): MemoryLog
}

export function memoryBroker(options: MemoryBrokerOptions): MemoryBroker {
  const broker = new Broker(options)
  return {
    connect: (client, { faults } = {}) => new ProcessLog(broker, new MemoryProcess(client, options.clock, faults)),
  }
}

/** A log for one process alone. */
export function memoryLog(
  options: MemoryBrokerOptions & { readonly client?: string; readonly faults?: FaultPlan },
): MemoryLog {
  const { client = 'local', faults, ...broker } = options
  return memoryBroker(broker).connect(client, faults === undefined ? {} : { faults })
}

/** What all processes share. */
class Broker {
  readonly clock: Clock
  readonly maxPollBytes: number
  readonly topics = new Map<string, MemoryTopic>()
  readonly groups = new Map<string, MemoryGroup>()
  readonly transactions: MemoryTransactions
  readonly #timeouts: { readonly sessionMs: number; readonly rebalanceMs: number }
  #nextReader = 1

  constructor(options: MemoryBrokerOptions) {
    this.clock = options.clock
    this.maxPollBytes = options.maxPollBytes ?? DEFAULT_MAX_POLL_BYTES
    this.transactions = new MemoryTransactions(
      this.clock,
      options.transactionTimeoutMs ?? DEFAULT_TRANSACTION_TIMEOUT_MS,
    )
    this.#timeouts = {
      sessionMs: options.sessionTimeoutMs ?? DEFAULT_SESSION_TIMEOUT_MS,
      rebalanceMs: options.rebalanceTimeoutMs ?? DEFAULT_REBALANCE_TIMEOUT_MS,
    }
  }

  readonly find = ({ topic, partition }: TopicPartition): MemoryPartition | DependencyError =>
    this.topics.get(topic)?.partitions[partition] ?? unknownTopic(topic)

  readerId(client: string): string {
    return `${client}-${this.#nextReader++}`
  }

  group(name: string): MemoryGroup {
    let group = this.groups.get(name)
    if (group === undefined) {
      const created: MemoryGroup = new MemoryGroup({
        clock: this.clock,
        timeouts: this.#timeouts,
        partitionCount: (topic) => this.topics.get(topic)?.partitions.length ?? 0,
        beforeDeal: () => this.transactions.fence(created),
      })
      group = created
      this.groups.set(name, group)
    }
    return group
  }
}

class ProcessLog implements MemoryLog {
  readonly admin: LogAdmin
  readonly #broker: Broker
  readonly #process: MemoryProcess
  readonly #readers = new Set<MemoryReader>()

  constructor(broker: Broker, process: MemoryProcess) {
    this.#broker = broker
    this.#process = process
    this.admin = new MemoryAdmin(broker.topics, broker.groups)
  }

  async openReader(options: GroupReaderOptions | AssignedReaderOptions): Promise<LogReader> {
    this.#process.throwIfCrashed()
    return 'group' in options ? this.#openGroupReader(options) : this.#openAssignedReader(options)
  }

  async openWriter(): Promise<LogWriter> {
    this.#process.throwIfCrashed()
    return new MemoryWriter(this.#process, this.#broker.find)
  }

  async openWork(reader: LogReader, { delivery }: { readonly delivery: Delivery }): Promise<WorkSession> {
    invariant(reader instanceof MemoryReader, 'openWork needs a reader of this log')
    if (reader.group === undefined) {
      throw new ConfigError([
        {
          path: 'reader.group',
          problem: 'a reader without a group has no offsets to commit',
          fix: 'Open the reader with a group.',
        },
      ])
    }
    const { find, transactions } = this.#broker
    return new MemoryWorkSession(delivery === 'exactly_once' ? { reader, find, transactions } : { reader, find })
  }

  crash(): void {
    this.#process.crash()
  }

  async close(): Promise<void> {
    await Promise.all([...this.#readers].map((reader) => reader.close()))
  }

  async #openGroupReader(options: GroupReaderOptions): Promise<LogReader> {
    for (const topic of options.topics) if (!this.#broker.topics.has(topic)) throw unknownTopic(topic)
    const group = this.#broker.group(options.group)
    const reader = this.#newReader(options.isolation, { group, options })
    await group.join(reader)
    return reader
  }

  async #openAssignedReader(options: AssignedReaderOptions): Promise<LogReader> {
    const partitions = options.partitions.map(({ topic, partition, offset }) => {
      const log = this.#broker.find({ topic, partition })
      if (log instanceof Error) throw log
      const position = offset === 'earliest' ? 0n : offset === 'latest' ? log.endOffset : offset
      return { topic, partition, log, position }
    })
    const reader = this.#newReader(options.isolation)
    reader.own(partitions)
    return reader
  }

  #newReader(
    isolation: GroupReaderOptions['isolation'],
    membership?: { readonly group: MemoryGroup; readonly options: GroupReaderOptions },
  ): MemoryReader {
    const { clock, find, maxPollBytes } = this.#broker
    const reader = new MemoryReader({
      id: this.#broker.readerId(this.#process.client),
      clock,
      process: this.#process,
      isolation: isolation ?? 'read_committed',
      maxPollBytes,
      find,
      ...(membership === undefined ? {} : { membership }),
    })
    this.#readers.add(reader)
    return reader
  }
}
