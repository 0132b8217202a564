import { kafkaLog } from '@sluice/kafka'
import { systemClock } from '@sluice/runtime'
import { logContract } from '@sluice/stream/contract'
import { describe, inject } from 'vitest'

const REBALANCE_TIMEOUT_MS = 2_000
/** Above every wait of the suite: partitions of a closed reader must not wait for its session to time out. */
const SESSION_TIMEOUT_MS = 60_000
const brokers = inject('kafkaBrokers')
const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

describe.skipIf(brokers.length === 0)(`on a real broker (${inject('stackReason')})`, () => {
  logContract('the log on Kafka', {
    open: async () =>
      kafkaLog({
        brokers,
        clientId: 'contract',
        clock: systemClock,
        logger,
        rebalanceTimeoutMs: REBALANCE_TIMEOUT_MS,
        sessionTimeoutMs: SESSION_TIMEOUT_MS,
      }),
    deliveries: ['at_least_once'],
    rebalanceTimeoutMs: REBALANCE_TIMEOUT_MS,
  })
})
