import { type FastifyInstance, type FastifyReply, fastify } from 'fastify'
import { PROBLEM_CONTENT_TYPE, problemDetails } from '../problem-details.ts'
import { firstIssue, type NamedRow, OIP_BODY_BYTES_MAX, type OipRequest, oipRequest, oipRows } from './oip-request.ts'

export interface OipTensor {
  readonly name: string
  readonly datatype: string
  readonly shape: readonly number[]
  readonly data?: readonly unknown[]
}

export interface OipModelMetadata {
  readonly name: string
  readonly versions: readonly string[]
  readonly platform: string
  readonly inputs: readonly OipTensor[]
  readonly outputs: readonly OipTensor[]
}

export interface OipInference {
  readonly modelVersion: string
  readonly parameters?: Readonly<Record<string, string | number | boolean>>
  readonly outputs: readonly OipTensor[]
}

/** A request that cannot be answered: the problem becomes an RFC 9457 body. `field` is empty when no field is at fault. */
export class RequestRefused extends Error {
  override readonly name = 'RequestRefused'
  readonly status: number
  readonly code: string
  readonly field: string
  constructor(status: number, code: string, field: string, message: string) {
    super(message)
    this.status = status
    this.code = code
    this.field = field
  }
}

/** One model (or endpoint) behind the protocol's routes. */
export interface OipModel {
  /** `undefined` when the version asked for is not served here. */
  metadata(version: string | undefined): OipModelMetadata | undefined
  ready(version: string | undefined): boolean
  /** Scores rows of named features. Throws RequestRefused. */
  infer(rows: readonly NamedRow[], request: OipRequest): Promise<OipInference>
}

export interface OipServerOptions {
  readonly serverName: string
  readonly serverVersion: string
  readonly ready: () => boolean
  /** The model or endpoint of a name, `undefined` when it is not served here. */
  readonly model: (name: string) => OipModel | undefined
}

/** Open Inference Protocol V2 over Fastify: `/v2/health/*`, `/v2/models/{m}[/versions/{v}][/ready|/infer]`. */
export function oipServer(options: OipServerOptions): FastifyInstance {
  const app = fastify({
    logger: false,
    bodyLimit: OIP_BODY_BYTES_MAX,
    onProtoPoisoning: 'error',
    onConstructorPoisoning: 'error',
    routerOptions: { maxParamLength: 128 },
  })
  app.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
    if (error instanceof RequestRefused) return refuse(reply, error)
    const status = error.statusCode ?? 500
    if (status >= 500)
      return refuse(reply, new RequestRefused(status, 'internal', '', 'the request could not be handled; try again'))
    return refuse(reply, new RequestRefused(status, 'bad-request', '(body)', error.message))
  })
  app.setNotFoundHandler((request, reply) =>
    refuse(
      reply,
      new RequestRefused(
        404,
        'not-found',
        '',
        `nothing is served at ${request.method} ${request.url.slice(0, 200)}; see GET /v2`,
      ),
    ),
  )
  const find = (params: Params): OipModel => {
    const model = options.model(params.model)
    if (model?.metadata(params.version) === undefined) {
      const version = params.version === undefined ? '' : ` version ${params.version}`
      throw new RequestRefused(404, 'unknown-model', 'model', `\`${params.model}\`${version} is not served here`)
    }
    return model
  }
  app.get('/v2', () => ({ name: options.serverName, version: options.serverVersion, extensions: [] }))
  app.get('/v2/health/live', () => ({ live: true }))
  app.get('/v2/health/ready', (_request, reply) =>
    reply.code(options.ready() ? 200 : 503).send({ ready: options.ready() }),
  )
  for (const path of ['/v2/models/:model', '/v2/models/:model/versions/:version']) {
    app.get<{ Params: Params }>(path, ({ params }) => find(params).metadata(params.version))
    app.get<{ Params: Params }>(`${path}/ready`, ({ params }, reply) => {
      const ready = find(params).ready(params.version)
      return reply.code(ready ? 200 : 503).send({ name: params.model, ready })
    })
    app.post<{ Params: Params }>(`${path}/infer`, async ({ params, body }) => {
      const model = find(params)
      const parsed = oipRequest.safeParse(body)
      if (!parsed.success) {
        const { field, problem } = firstIssue(parsed.error)
        throw new RequestRefused(400, 'invalid-request', field, `${field}: ${problem}`)
      }
      const read = oipRows(parsed.data)
      if ('field' in read) throw new RequestRefused(400, 'invalid-tensor', read.field, `${read.field} ${read.problem}`)
      const answer = await model.infer(read.rows, parsed.data)
      return {
        model_name: params.model,
        model_version: answer.modelVersion,
        ...(parsed.data.id === undefined ? {} : { id: parsed.data.id }),
        ...(answer.parameters === undefined ? {} : { parameters: answer.parameters }),
        outputs: requestedOutputs(answer.outputs, parsed.data),
      }
    })
  }
  return app
}

function requestedOutputs(outputs: readonly OipTensor[], { outputs: wanted }: OipRequest): readonly OipTensor[] {
  if (wanted === undefined) return outputs
  return wanted.map(({ name }, i) => {
    const output = outputs.find((o) => o.name === name)
    if (output !== undefined) return output
    const field = `outputs[${i}].name`
    const names = outputs.map((o) => o.name).join(', ')
    throw new RequestRefused(
      400,
      'unknown-output',
      field,
      `${field}: there is no output \`${name}\`; there are ${names}`,
    )
  })
}

interface Params {
  readonly model: string
  readonly version?: string
}

function refuse(reply: FastifyReply, { status, code, field, message }: RequestRefused): FastifyReply {
  return reply
    .code(status)
    .header('content-type', PROBLEM_CONTENT_TYPE)
    .send(problemDetails(status, code, code.replaceAll('-', ' '), message, field === '' ? undefined : field))
}
