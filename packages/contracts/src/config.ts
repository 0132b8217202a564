import { z } from 'zod'
import { NAME_PATTERN } from './ids.ts'

/**
 * The platform's configuration, one `sluice.yaml` for all services. Strict: an unknown key is an error. What is here has
 * an effect; sections of later capabilities join when the capability does.
 */
const name = z.string().regex(NAME_PATTERN, 'use lower-case letters, digits, - and _, at most 63')
const version = z.int().min(0).max(999_999_999)

const variant = z.strictObject({
  name: name.describe('Stable name of the variant, a metric label.'),
  model: name.describe('Model name; its package is looked up below `models.dir`.'),
  version: version.describe('Model version.'),
  weight: z.number().min(0).max(100).describe('Share of keys in percent. All weights of an endpoint sum to 100.'),
})

const shadow = z.strictObject({
  name: name.describe('Stable name of the shadow, a metric label.'),
  model: name.describe('Model name.'),
  version: version.describe('Model version.'),
  percent: z.number().min(0).max(100).default(100).describe('Share of keys copied to the shadow, in percent.'),
})

const batch = z
  .strictObject({
    maxBatchSize: z.int().min(1).max(65_536).default(1024).describe('Most rows in one inference call.'),
    maxBatchDelayMs: z
      .int()
      .min(0)
      .max(1_000)
      .default(5)
      .describe('Longest wait for the first events of a batch when nothing is queued, in milliseconds.'),
  })
  .prefault({})

const endpoint = z.strictObject({
  key: z.string().min(1).describe('Event field that identifies who is scored; the record key carries it.'),
  schema: z.string().min(1).describe('Path of the event schema (.avsc), relative to the configuration file.'),
  partitions: z.int().min(1).max(4096).default(12).describe('Partition count of every topic of the endpoint.'),
  replication: z.int().min(1).max(9).default(1).describe('Replication factor of every topic of the endpoint.'),
  salt: z.string().min(1).max(128).optional().describe('Salt of the split; default is the endpoint name.'),
  variants: z.array(variant).min(1).max(32),
  shadows: z.array(shadow).max(32).default([]),
  batch,
  maxValueBytes: z
    .int()
    .min(1)
    .max(16_777_216)
    .default(1_048_576)
    .describe('Largest event value that is scored, in bytes; larger ones become dead letters.'),
})

export const platformConfig = z.strictObject({
  kafka: z
    .strictObject({
      brokers: z
        .array(z.string().regex(/^[^:\s]+:\d{1,5}$/, 'write host:port'))
        .min(1)
        .default(['localhost:9092'])
        .describe('Bootstrap brokers, `host:port` each.'),
      clientId: z.string().min(1).default('sluice').describe('Client id that brokers see; each process adds to it.'),
    })
    .prefault({}),
  registry: z
    .strictObject({
      url: z
        .url()
        .default('http://localhost:8081/apis/ccompat/v7')
        .describe('Base address of a registry that speaks the Confluent API.'),
    })
    .prefault({}),
  redis: z
    .strictObject({
      url: z
        .string()
        .regex(/^rediss?:\/\//, 'write redis://host:port')
        .default('redis://localhost:6379')
        .describe('Address of Redis.'),
    })
    .prefault({}),
  topics: z
    .strictObject({
      prefix: z
        .string()
        .regex(/^[a-zA-Z0-9._-]*$/)
        .max(100)
        .default('')
        .describe('Put before every topic name, with a dot: keeps two installations on one cluster apart.'),
    })
    .prefault({}),
  models: z
    .strictObject({
      dir: z.string().min(1).default('models').describe('Folder of model packages, `<name>-<version>` each.'),
    })
    .prefault({}),
  http: z
    .strictObject({
      host: z.string().min(1).default('127.0.0.1').describe('Address that the HTTP servers listen on.'),
      routerPort: z
        .int()
        .min(0)
        .max(65_535)
        .default(8080)
        .describe('Endpoint route of the router; 0 takes any free port.'),
      scorerPort: z
        .int()
        .min(0)
        .max(65_535)
        .default(8090)
        .describe('Inference route of a scorer; 0 takes any free port.'),
      metricsPort: z
        .int()
        .min(0)
        .max(65_535)
        .default(9464)
        .describe('`/metrics` and `/health` of every service; 0 takes any free port.'),
    })
    .prefault({}),
  log: z
    .strictObject({
      level: z
        .enum(['debug', 'info', 'warn', 'error', 'silent'])
        .default('info')
        .describe('Least severe lines that are logged.'),
    })
    .prefault({}),
  endpoints: z.record(name, endpoint).refine((e) => Object.keys(e).length > 0, 'configure at least one endpoint'),
})

export type PlatformConfig = z.infer<typeof platformConfig>
export type EndpointConfig = PlatformConfig['endpoints'][string]
export type VariantConfig = EndpointConfig['variants'][number]
export type ShadowConfig = EndpointConfig['shadows'][number]
