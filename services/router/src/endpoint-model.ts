import { DependencyError, formatPredictionId, HEADERS } from '@sluice/contracts'
import { type CompiledPlan, refusePlan } from '@sluice/routing'
import {
  type NamedRow,
  type OipInference,
  type OipModel,
  type OipModelMetadata,
  type OipRequest,
  type OipTensor,
  RequestRefused,
} from '@sluice/runtime'
import { HeaderBlockBuilder, type Logger } from '@sluice/stream'
import type { ControlView } from './control-view.ts'
import type { AppendedEvent, EventAppender } from './event-appender.ts'
import { eventsOfRows } from './event-of-row.ts'
import type { ScorerClient, ScorerOutput, ScorerTensor } from './scorer-client.ts'

/** Outputs that the router adds to those of the scorer. */
const OWN_OUTPUTS = [
  { name: 'predictionId', datatype: 'BYTES', shape: [-1] },
  { name: 'variant', datatype: 'BYTES', shape: [-1] },
  { name: 'version', datatype: 'INT32', shape: [-1] },
] as const
/** Outputs that every scorer has. */
const SCORER_OUTPUTS = [
  { name: 'score', datatype: 'FP32', shape: [-1] },
  { name: 'decision', datatype: 'BYTES', shape: [-1] },
] as const

export interface EndpointModelOptions {
  readonly endpoint: string
  /** Event field that carries the entity key. */
  readonly keyField: string
  /** Fields of the endpoint's event schema as tensors; a request may name these and no others. */
  readonly inputs: readonly OipTensor[]
  readonly control: ControlView
  readonly appender: EventAppender
  readonly scorers: ScorerClient
  readonly logger: Logger
}

/**
 * An endpoint over the Open Inference Protocol. A row is assigned as the stream assigns it, scored by a ready scorer of
 * that version, and recorded as an event that pins the plan: the prediction on the stream is made by the same version from
 * the same fields. The event is written after the scorer has answered, so a row that cannot be scored is refused instead of
 * recorded, and an answer is only given for what is in the log.
 */
export class EndpointModel implements OipModel {
  readonly #options: EndpointModelOptions
  readonly #fields: ReadonlySet<string>

  constructor(options: EndpointModelOptions) {
    this.#options = options
    this.#fields = new Set(options.inputs.map((input) => input.name))
  }

  /** An endpoint has no versions of its own to ask for: the plan decides. */
  metadata(version: string | undefined): OipModelMetadata | undefined {
    if (version !== undefined) return undefined
    const live = this.#options.control.current?.variants.filter((variant) => variant.weightBp > 0) ?? []
    return {
      name: this.#options.endpoint,
      versions: live.map((variant) => String(variant.version)),
      platform: 'sluice_endpoint',
      inputs: this.#options.inputs,
      outputs: [...OWN_OUTPUTS, ...SCORER_OUTPUTS],
    }
  }

  ready(version: string | undefined): boolean {
    const { current, readiness } = this.#options.control
    return version === undefined && current !== undefined && refusePlan(current.plan, readiness).length === 0
  }

  async infer(rows: readonly NamedRow[], request: OipRequest): Promise<OipInference> {
    const { endpoint, keyField, control, appender } = this.#options
    const plan = control.current
    if (plan === undefined) {
      throw new RequestRefused(503, 'no-plan', '', `${endpoint} has no route plan yet; try again, nothing was recorded`)
    }
    this.#checkNames(request)
    const events = eventsOfRows(rows, keyField, request.parameters?.['key'])
    const assigned = events.map(({ key }) => plan.variantIndex(key, 0, key.length))
    const scored = await this.#score(plan, assigned, request)
    const headers = new HeaderBlockBuilder().text(HEADERS.pinnedPlan, String(plan.generation))
    const positions = await appender.append(events.map((event) => ({ ...event, headers }))).catch((error: unknown) => {
      throw this.#notRecorded(error)
    })
    const variants = assigned.map((index) => plan.variants[index]!)
    const versions = variants.map((variant) => variant.version)
    return {
      modelVersion: [...new Set(versions)].sort((a, b) => a - b).join(','),
      parameters: { plan: plan.generation },
      outputs: [
        column('predictionId', 'BYTES', predictionIds(endpoint, versions, positions)),
        column(
          'variant',
          'BYTES',
          variants.map((variant) => variant.name),
        ),
        column('version', 'INT32', versions),
        ...scored,
      ],
    }
  }

  /** A misspelt name would go through as a missing value, and the score would be wrong without a word. */
  #checkNames(request: OipRequest): void {
    const { endpoint } = this.#options
    request.inputs.forEach(({ name }, i) => {
      if (this.#fields.has(name)) return
      const field = `inputs[${i}].name`
      const detail = `the event schema has no field \`${name}\` that a tensor can carry; see GET /v2/models/${endpoint}`
      throw new RequestRefused(400, 'unknown-field', field, `${field}: ${detail}`)
    })
  }

  /** Asks one scorer per assigned variant for its rows, all at once, and puts the answers back in the order of the rows. */
  async #score(plan: CompiledPlan, assigned: readonly number[], request: OipRequest): Promise<readonly OipTensor[]> {
    const { control, scorers } = this.#options
    const columns = request.inputs.map((input) => ({ ...input, data: input.data.flat(3) }))
    const parts = await Promise.all(
      [...new Set(assigned)].map(async (variantIndex) => {
        const variant = plan.variants[variantIndex]!
        const rows = assigned.flatMap((index, row) => (index === variantIndex ? [row] : []))
        const inputs: readonly ScorerTensor[] = columns.map(({ name, datatype, data }) => ({
          name,
          datatype,
          shape: [rows.length],
          data: rows.map((row) => data[row]),
        }))
        return { rows, outputs: await scorers.infer(variant, control.scorers(variant.version), inputs) }
      }),
    )
    return mergeOutputs(parts, assigned.length)
  }

  #notRecorded(error: unknown): unknown {
    if (!(error instanceof DependencyError)) return error
    this.#options.logger.warn('Events of a request could not be recorded.', { error, next: error.next })
    return new RequestRefused(
      503,
      'not-recorded',
      '',
      'the log did not acknowledge the event in time; it may have been written, so a repeat may be a second event',
    )
  }
}

interface PartAnswer {
  /** Rows of the request that the outputs are about, in their order. */
  readonly rows: readonly number[]
  readonly outputs: readonly ScorerOutput[]
}

/** Outputs of all variants as one; every variant has to answer with the same ones. */
function mergeOutputs(parts: readonly PartAnswer[], rowCount: number): readonly OipTensor[] {
  return parts[0]!.outputs.map(({ name, datatype, shape }) => {
    const width = shape.slice(1).reduce((product, n) => product * n, 1)
    const data: unknown[] = new Array(rowCount * width)
    for (const part of parts) {
      const output = part.outputs.find((o) => o.name === name)
      const fits = output?.datatype === datatype && output.data.length === part.rows.length * width
      if (!fits || part.outputs.length !== parts[0]!.outputs.length) {
        throw new RequestRefused(
          503,
          'scorers-disagree',
          '',
          'the variants of the endpoint answer with different outputs; ask for rows one by one, nothing was recorded',
        )
      }
      part.rows.forEach((row, i) => {
        for (let c = 0; c < width; c++) data[row * width + c] = output.data[i * width + c]
      })
    }
    return { name, datatype, shape: [rowCount, ...shape.slice(1)], data }
  })
}

function predictionIds(
  endpoint: string,
  versions: readonly number[],
  positions: readonly AppendedEvent[],
): readonly string[] {
  return positions.map((position, row) => formatPredictionId({ endpoint, version: versions[row]!, ...position }))
}

function column(name: string, datatype: string, data: readonly unknown[]): OipTensor {
  return { name, datatype, shape: [data.length], data }
}
