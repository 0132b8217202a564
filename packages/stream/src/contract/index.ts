export * from './schema-registry-contract.ts'
