import { setTimeout as after } from 'node:timers/promises'
import type { Clock } from '@sluice/contracts'
import { kafkaLog } from '@sluice/kafka'
import { logContract } from '@sluice/stream/contract'
import { inject } from 'vitest'

const REBALANCE_TIMEOUT_MS = 2_000
/** Above every wait of the suite: partitions of a closed reader must not wait for its session to time out. */
const SESSION_TIMEOUT_MS = 60_000
const brokers = inject('kafkaBrokers')

const clock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (ms, signal) => after(ms, undefined, signal === undefined ? {} : { signal }).catch(() => {}),
}
const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

if (brokers.length > 0) {
  logContract('the log on Kafka', {
    open: async () =>
      kafkaLog({
        brokers,
        clientId: 'contract',
        clock,
        logger,
        rebalanceTimeoutMs: REBALANCE_TIMEOUT_MS,
        sessionTimeoutMs: SESSION_TIMEOUT_MS,
      }),
    deliveries: ['at_least_once'],
    rebalanceTimeoutMs: REBALANCE_TIMEOUT_MS,
  })
}
