/**
 * The one file that reaches below the public interface of kafkajs, whose version is pinned for it.
 *
 * kafkajs gives us what is the same in every client: connections, version negotiation, the group and the admin protocol.
 * Its record path is left out. It makes an object of every record, in which headers lose their order; its filter shows
 * records of aborted transactions and takes a data key of four zero bytes for a marker; it checks no checksum; and its
 * producer can report success for a batch it never sent (kafkajs issue 1303). Our own Produce and Fetch requests go over
 * the same connections and leave records to our codec.
 */
import type { Logger } from '@sluice/stream'
import BrokerPool from 'kafkajs/src/cluster/brokerPool.js'
import createConnectionPoolBuilder from 'kafkajs/src/cluster/connectionPoolBuilder.js'
import loggers from 'kafkajs/src/loggers/index.js'
import RequestQueue from 'kafkajs/src/network/requestQueue/index.js'
import createSocketFactory from 'kafkajs/src/network/socketFactory.js'
import protocolErrors from 'kafkajs/src/protocol/error.js'
import protocolRequests from 'kafkajs/src/protocol/requests/index.js'
import type {
  JoinAnswer,
  KafkajsBrokerPool,
  KafkajsConnectionPoolBuilder,
  KafkajsError,
  KafkajsLogger,
  KafkajsRetry,
  MetadataAnswer,
  RequestDefinition,
} from './kafkajs-types.ts'

export interface BrokerPoolOptions {
  readonly brokers: readonly string[]
  readonly clientId: string
  readonly connectTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly retry: KafkajsRetry
  readonly logger: Logger
}

/** Brokers of a cluster and connections to them, made when they are used. */
export function createBrokerPool(options: BrokerPoolOptions): { pool: KafkajsBrokerPool; logger: KafkajsLogger } {
  const logger = createLogger(options.logger)
  const connectionPoolBuilder = (
    createConnectionPoolBuilder as (options: Record<string, unknown>) => KafkajsConnectionPoolBuilder
  )({
    socketFactory: (createSocketFactory as () => unknown)(),
    brokers: [...options.brokers],
    clientId: options.clientId,
    connectionTimeout: options.connectTimeoutMs,
    requestTimeout: options.requestTimeoutMs,
    enforceRequestTimeout: true,
    logger,
  })
  const Pool = BrokerPool as new (options: Record<string, unknown>) => KafkajsBrokerPool
  const pool = new Pool({ connectionPoolBuilder, logger, retry: options.retry, allowAutoTopicCreation: false })
  return { pool, logger }
}

const NAMED_REQUESTS = protocolRequests as {
  readonly requests: {
    readonly Metadata: RequestDefinition<{ topics: readonly string[]; allowAutoTopicCreation: boolean }, MetadataAnswer>
    readonly JoinGroup: RequestDefinition<
      {
        groupId: string
        sessionTimeout: number
        rebalanceTimeout: number
        memberId: string
        protocolType: string
        groupProtocols: readonly { readonly name: string; readonly metadata: Buffer }[]
      },
      JoinAnswer
    >
  }
}
export const { Metadata: METADATA, JoinGroup: JOIN_GROUP } = NAMED_REQUESTS.requests

/** The error that kafkajs throws for a protocol error code; 0 is success and has none. */
export function protocolError(code: number): KafkajsError | undefined {
  if (code === 0) return undefined
  return (protocolErrors as { createErrorFromCode(code: number): KafkajsError }).createErrorFromCode(code)
}

/** What kafkajs logs as an error is mostly a retry that succeeds; we report what matters ourselves, once. */
function createLogger(logger: Logger): KafkajsLogger {
  const { createLogger, LEVELS } = loggers as {
    createLogger(options: { level: number; logCreator: () => (entry: LogEntry) => void }): KafkajsLogger
    LEVELS: { readonly WARN: number }
  }
  const write = ({ namespace, label, log }: LogEntry): void => {
    logger.debug('kafkajs', { namespace, level: label, text: log.message, error: log['error'] })
  }
  return createLogger({ level: LEVELS.WARN, logCreator: () => write })
}

interface LogEntry {
  readonly namespace: string
  readonly label: string
  readonly log: { readonly message: string; readonly [field: string]: unknown }
}

const PENDING_CHECK_MS = 10

interface PendingRequests {
  throttleCheckTimeoutId: NodeJS.Timeout | null
  readonly pending: readonly unknown[]
  readonly throttledUntil: number
  checkPendingRequests(): void
  scheduleCheckPendingRequests(): void
}

/**
 * kafkajs re-arms this timer for ever, at a negative time when nothing is throttled: 1,000 wake-ups a second and connection,
 * and a TimeoutNegativeWarning of Node (kafkajs issues 1704 and 1751). Only waiting requests need it.
 */
const requestQueue = (RequestQueue as { readonly prototype: PendingRequests }).prototype
requestQueue.scheduleCheckPendingRequests = function (this: PendingRequests): void {
  if (this.throttleCheckTimeoutId !== null || this.pending.length === 0) return
  this.throttleCheckTimeoutId = setTimeout(
    () => {
      this.throttleCheckTimeoutId = null
      this.checkPendingRequests()
    },
    Math.max(PENDING_CHECK_MS, this.throttledUntil - Date.now()),
  )
}
