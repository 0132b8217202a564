export * from './log.ts'
export * from './logger.ts'
export * from './slab.ts'
export * from './telemetry.ts'
