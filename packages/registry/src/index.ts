export * from './confluent-schema-registry.ts'
export * from './platform-schemas.ts'
export { LOOKUPS_MAX, SCHEMAS_MAX, UNKNOWN_ID_TTL_MS, UNKNOWN_IDS_MAX } from './schema-cache.ts'
