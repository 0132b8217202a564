/**
 * Writes docs/reference from the tables that the code itself uses, so that the pages cannot disagree with it.
 * Run: `node tools/generate-reference.ts`; with `--check` it writes nothing and fails when a page is out of date.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  DEAD_LETTER_HEADERS,
  desiredTopics,
  HEADERS,
  METRICS,
  type MetricSpec,
  platformConfig,
  RECORD_FAULTS,
  SKIP_REASONS,
} from '@sluice/contracts'
import { z } from 'zod'

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const NOTE = '<!-- Written by tools/generate-reference.ts. -->'

interface JsonSchema {
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly default?: unknown
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly additionalProperties?: JsonSchema | boolean
  readonly items?: JsonSchema
  readonly enum?: readonly unknown[]
  readonly minimum?: number
  readonly maximum?: number
  readonly pattern?: string
}

/** All reference pages by path below the root. */
export function referencePages(): ReadonlyMap<string, string> {
  const schema = z.toJSONSchema(platformConfig, { io: 'input' }) as JsonSchema
  return new Map([
    ['docs/reference/sluice.schema.json', `${JSON.stringify(schema, null, 2)}\n`],
    ['docs/reference/config.md', configPage(schema)],
    ['docs/reference/errors.md', errorsPage()],
    ['docs/reference/metrics.md', metricsPage()],
    ['docs/reference/topics.md', topicsPage()],
  ])
}

function configPage(schema: JsonSchema): string {
  const rows: string[] = []
  const walk = (at: JsonSchema, path: string): void => {
    if (at.properties !== undefined) {
      for (const [key, inner] of Object.entries(at.properties)) walk(inner, path === '' ? key : `${path}.${key}`)
    } else if (typeof at.additionalProperties === 'object') walk(at.additionalProperties, `${path}.<name>`)
    else if (at.items?.properties !== undefined) walk(at.items, `${path}[]`)
    else
      rows.push(
        `| \`${path}\` | ${typeText(at)} | ${at.default === undefined ? '' : `\`${JSON.stringify(at.default)}\``} | ${at.description ?? ''} |`,
      )
  }
  walk(schema, '')
  return `${NOTE}
# Configuration

One \`sluice.yaml\` for all services. Precedence: flags, then environment, then the file, then defaults. A setting \`a.b\` is the variable \`SLUICE_A__B\`; words of one key are joined by one underscore (\`http.routerPort\` is \`SLUICE_HTTP__ROUTER_PORT\`). An unknown key is an error, because it would have no effect. \`sluice config validate\` lists every problem at once.

The JSON Schema is [sluice.schema.json](sluice.schema.json).

| setting | type | default | what |
|---|---|---|---|
${rows.join('\n')}
`
}

function typeText(at: JsonSchema): string {
  if (at.enum !== undefined) return at.enum.map((v) => `\`${String(v)}\``).join(', ')
  if (at.type === 'array') return `list of ${typeText(at.items ?? {})}`
  const bounds = at.minimum !== undefined && at.maximum !== undefined ? ` ${at.minimum} to ${at.maximum}` : ''
  return `${String(at.type ?? 'text')}${bounds}`
}

function errorsPage(): string {
  const faults = Object.entries(RECORD_FAULTS).map(([code, text]) => `| \`${code}\` | ${text} |`)
  const skips = Object.entries(SKIP_REASONS).map(([reason, text]) => `| \`${reason}\` | ${text} |`)
  return `${NOTE}
# Faults and skips

A record that cannot be handled becomes a dead letter: key, value and headers byte for byte as they were, plus the headers below. The code is also the label \`code\` of \`sluice_dead_letters_total\`. \`sluice replay\` puts dead letters back.

| code | what is wrong |
|---|---|
${faults.join('\n')}

A record that is left out on purpose is counted in \`sluice_records_skipped_total\`.

| reason | what |
|---|---|
${skips.join('\n')}

| header of a dead letter | what |
|---|---|
| \`${DEAD_LETTER_HEADERS.topic}\`, \`${DEAD_LETTER_HEADERS.partition}\`, \`${DEAD_LETTER_HEADERS.offset}\`, \`${DEAD_LETTER_HEADERS.timestamp}\` | where the record was read |
| \`${DEAD_LETTER_HEADERS.stage}\` | which service gave it up |
| \`${DEAD_LETTER_HEADERS.code}\`, \`${DEAD_LETTER_HEADERS.message}\` | what is wrong, and in which field |
| \`${DEAD_LETTER_HEADERS.attempts}\` | how often it was tried |
`
}

function metricsPage(): string {
  const rows = Object.entries(METRICS as Readonly<Record<string, MetricSpec>>).map(
    ([name, { type, help, labels }]) =>
      `| \`${name}\` | ${type} | ${labels.map((l) => `\`${l}\``).join(', ')} | ${help} |`,
  )
  return `${NOTE}
# Metrics

Each service serves \`/metrics\` on its operations port, with Node's own process metrics beside these.

| name | type | labels | what |
|---|---|---|---|
${rows.join('\n')}
`
}

function topicsPage(): string {
  const config = platformConfig.parse({
    endpoints: {
      churn: {
        key: 'customerId',
        schema: 'customer-event.avsc',
        variants: [{ name: 'champion', model: 'churn', version: 7, weight: 100 }],
      },
    },
  })
  const rows = desiredTopics(config).map(
    ({ name, owner, schema, config: entries }) =>
      `| \`${name}\` | ${owner} | ${schema ?? 'copied bytes or JSON'} | ${Object.entries(entries)
        .map(([key, value]) => `\`${key}=${value}\``)
        .join(', ')} |`,
  )
  return `${NOTE}
# Topics

\`[prefix.]<endpoint>.<what>\`, created and checked by \`sluice topics plan|apply\`. All topics of an endpoint have the same partition count. For an endpoint \`churn\` with version 7:

| topic | owner | value | settings |
|---|---|---|---|
${rows.join('\n')}

Headers that Sluice adds behind the producer's own: ${Object.values(HEADERS)
    .map((h) => `\`${h}\``)
    .join(', ')}.
`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  let stale = 0
  for (const [path, text] of referencePages()) {
    const file = join(ROOT, path)
    if (process.argv.includes('--check')) {
      if (readFileSync(file, 'utf8') !== text) {
        console.error(`${path} is out of date; run node tools/generate-reference.ts`)
        stale++
      }
    } else {
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, text)
    }
  }
  process.exit(stale === 0 ? 0 : 1)
}
