export * from './prometheus-telemetry.ts'
