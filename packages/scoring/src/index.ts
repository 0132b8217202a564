export * from './decision.ts'
export * from './model.ts'
export * from './prediction-encoder.ts'
