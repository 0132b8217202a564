export { cacheFolderPath } from './cache-folder.ts'
export type { ComponentHandle, ComponentName, ProviderName } from './component.ts'
export {
  type StartAloneOptions,
  type StartKafkaOptions,
  startKafka,
  startRedis,
  startRegistry,
} from './process-provider.ts'
export {
  type ComponentSummary,
  type EmbeddedStack,
  type LocalStack,
  STACK_CHOICES,
  type StackChoice,
  type StartLocalStackOptions,
  startLocalStack,
} from './start-local-stack.ts'
