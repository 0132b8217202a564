export * from './check-delivery.ts'
export * from './read-topic.ts'
export * from './rng.ts'
