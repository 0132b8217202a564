import { setTimeout as after } from 'node:timers/promises'
import type { Clock } from '@sluice/contracts'
import { logContract } from '../contract/log-contract.ts'
import { memoryBroker } from './memory-log.ts'

const REBALANCE_TIMEOUT_MS = 500
/** Above every wait of the suite: partitions of a closed reader must not wait for its session to time out. */
const SESSION_TIMEOUT_MS = 60_000

/** The machine's time: the suite waits for what readers do by themselves. */
const clock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (ms, signal) => after(ms, undefined, signal === undefined ? {} : { signal }).catch(() => {}),
}

const broker = memoryBroker({ clock, rebalanceTimeoutMs: REBALANCE_TIMEOUT_MS, sessionTimeoutMs: SESSION_TIMEOUT_MS })
let clients = 0

logContract('the log in memory', {
  open: async () => broker.connect(`client-${clients++}`),
  deliveries: ['at_least_once', 'exactly_once'],
  rebalanceTimeoutMs: REBALANCE_TIMEOUT_MS,
})
