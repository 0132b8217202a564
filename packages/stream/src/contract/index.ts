export * from './log-contract.ts'
export * from './log-records.ts'
export * from './schema-registry-contract.ts'
