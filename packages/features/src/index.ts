export * from './feature-batch.ts'
export * from './feature-spec.ts'
