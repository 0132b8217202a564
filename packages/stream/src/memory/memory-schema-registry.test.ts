import { schemaRegistryContract } from '../contract/schema-registry-contract.ts'
import { memorySchemaRegistry } from './memory-schema-registry.ts'

schemaRegistryContract('the in-memory registry', async () => memorySchemaRegistry())
