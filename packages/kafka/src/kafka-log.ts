import { type Clock, ConfigError, invariant } from '@sluice/contracts'
import type {
  AssignedReaderOptions,
  Delivery,
  GroupReaderOptions,
  Log,
  Logger,
  LogReader,
  LogWriter,
  WorkSession,
} from '@sluice/stream'
import type { GroupTimeouts } from './group-membership.ts'
import { KafkaConnection } from './kafka-connection.ts'
import { kafkaFailure } from './kafka-failure.ts'
import { KafkajsAdmin } from './kafkajs-admin.ts'
import { KafkajsReader } from './kafkajs-reader.ts'
import { KafkajsWorkSession } from './kafkajs-work.ts'
import { KafkajsWriter } from './kafkajs-writer.ts'

export interface KafkaLogOptions {
  /** `host:port` of some brokers; the others are found through them. */
  readonly brokers: readonly string[]
  readonly clientId: string
  readonly clock: Clock
  readonly logger: Logger
  /** After how long without a heartbeat the group goes on without a member, in milliseconds; the broker sets bounds. */
  readonly sessionTimeoutMs?: number
  /** How long a rebalance waits for a member that does not give its partitions back, in milliseconds. */
  readonly rebalanceTimeoutMs?: number
}

export const DEFAULT_SESSION_TIMEOUT_MS = 10_000
export const DEFAULT_REBALANCE_TIMEOUT_MS = 30_000

/** The log on Kafka 2.3 or later, over the connections and the group protocol of kafkajs and our own record path. */
export function kafkaLog(options: KafkaLogOptions): Log {
  return new KafkaLog(options)
}

class KafkaLog implements Log {
  readonly admin: KafkajsAdmin
  readonly #options: KafkaLogOptions
  readonly #timeouts: GroupTimeouts
  readonly #open = new Set<LogReader | LogWriter>()

  constructor(options: KafkaLogOptions) {
    this.#options = options
    this.#timeouts = {
      sessionMs: options.sessionTimeoutMs ?? DEFAULT_SESSION_TIMEOUT_MS,
      rebalanceMs: options.rebalanceTimeoutMs ?? DEFAULT_REBALANCE_TIMEOUT_MS,
    }
    this.admin = new KafkajsAdmin(new KafkaConnection(options), options.clock)
  }

  async openReader(options: GroupReaderOptions | AssignedReaderOptions): Promise<LogReader> {
    const { clock, logger } = this.#options
    const reader: KafkajsReader = new KafkajsReader({
      onClosed: () => this.#open.delete(reader),
      connection: new KafkaConnection(this.#options),
      clock,
      logger,
      isolation: options.isolation ?? 'read_committed',
      ...('group' in options ? { group: { options, timeouts: this.#timeouts } } : {}),
    })
    return this.#opened(reader, 'a reader cannot be opened', () =>
      'group' in options ? reader.join(options.topics) : reader.assignAll(options.partitions),
    )
  }

  async openWriter(): Promise<LogWriter> {
    return this.#openWriter()
  }

  async openWork(reader: LogReader, { delivery }: { readonly delivery: Delivery }): Promise<WorkSession> {
    invariant(reader instanceof KafkajsReader, 'openWork needs a reader of this log')
    if (reader.group === undefined) {
      throw new ConfigError([
        {
          path: 'reader.group',
          problem: 'a reader without a group has no offsets to commit',
          fix: 'Open the reader with a group.',
        },
      ])
    }
    if (delivery === 'exactly_once') {
      throw new ConfigError([
        {
          path: 'delivery',
          problem:
            'exactly_once needs a client that sends its group membership and a new producer epoch with every ' +
            'transaction; kafkajs speaks older versions of those requests, in which a late end of one transaction can ' +
            'commit the next (KAFKA-17754) and a member that was replaced is not kept out',
          fix: 'Set delivery: at_least_once; ids make duplicates recognisable.',
        },
      ])
    }
    return new KafkajsWorkSession(reader, await this.#openWriter())
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open].map((part) => part.close()))
    await this.admin.close()
  }

  #openWriter(): Promise<KafkajsWriter> {
    const { clock, logger } = this.#options
    const writer: KafkajsWriter = new KafkajsWriter({
      connection: new KafkaConnection(this.#options),
      clock,
      logger,
      onClosed: () => this.#open.delete(writer),
    })
    return this.#opened(writer, 'a writer cannot be opened', () => writer.open())
  }

  async #opened<Part extends LogReader | LogWriter>(
    part: Part,
    about: string,
    open: () => Promise<void>,
  ): Promise<Part> {
    try {
      await open()
    } catch (error) {
      await part.close()
      throw kafkaFailure(error, about)
    }
    this.#open.add(part)
    return part
  }
}
