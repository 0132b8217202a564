export {
  DEFAULT_REBALANCE_TIMEOUT_MS,
  DEFAULT_SESSION_TIMEOUT_MS,
  type KafkaLogOptions,
  kafkaLog,
} from './kafka-log.ts'
