import { type KafkaLogOptions, kafkaLog } from '@sluice/kafka'
import { systemClock } from '@sluice/runtime'
import type { Log, Logger } from '@sluice/stream'

const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** A log as a service has it. */
export function openKafkaLog(brokers: readonly string[], options: Partial<KafkaLogOptions> = {}): Log {
  return kafkaLog({
    brokers,
    clientId: 'integration',
    clock: systemClock,
    logger: silent,
    ...options,
  })
}
