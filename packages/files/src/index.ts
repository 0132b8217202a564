export * from './open-model-store.ts'
