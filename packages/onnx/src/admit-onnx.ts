import { ProtoFields as Fields, MalformedProto, type ProtoFields } from './proto-fields.ts'

/** Largest model file that is loaded, in bytes. */
export const ONNX_BYTES_MAX = 256 * 1024 * 1024
/** Graphs inside graphs (bodies of If, Loop and Scan). */
export const GRAPH_DEPTH_MAX = 16
/** Newest operator sets that the runtime in use reads, by domain; other domains may run code that nobody checked. */
export const OPSETS_MAX: ReadonlyMap<string, number> = new Map([
  ['ai.onnx', 26],
  ['ai.onnx.ml', 5],
])
/** Newest format of files that the runtime in use reads. */
export const IR_VERSION_MAX = 13
/** Reasons that are told; a file with a thousand foreign tensors needs no thousand lines. */
const REASONS_MAX = 10

/** Field numbers of the messages in onnx.proto3 (ONNX 1.20). */
const MODEL = { irVersion: 1, graph: 7, opsetImport: 8, trainingInfo: 20, functions: 25 } as const
const OPSET = { domain: 1, version: 2 } as const
const GRAPH = { node: 1, initializer: 5, sparseInitializer: 15 } as const
const NODE = { attribute: 5, opType: 4, domain: 7 } as const
const ATTRIBUTE = { tensor: 5, graph: 6, tensors: 10, graphs: 11, sparseTensor: 22, sparseTensors: 23 } as const
const TENSOR = { name: 8, externalData: 13, dataLocation: 14 } as const
const SPARSE_TENSOR = { values: 1, indices: 2 } as const
const FUNCTION = { node: 7, opsetImport: 9 } as const
const DATA_LOCATION_EXTERNAL = 1

/**
 * Looks into an ONNX file before it reaches the native runtime and says why it must not; empty when it may. Weights outside
 * the file would be read from paths that the file names, and operators of foreign domains come from libraries that we do not
 * load: both are refused by name, not by a failure deep inside.
 */
export function admitOnnx(bytes: Uint8Array): readonly string[] {
  if (bytes.length > ONNX_BYTES_MAX) return [`it has ${bytes.length} bytes, more than ${ONNX_BYTES_MAX}`]
  const reasons = new Set<string>()
  try {
    new Admission(reasons).model(new Fields(bytes))
  } catch (error) {
    if (!(error instanceof MalformedProto)) throw error
    return [`it is no ONNX model, or cut off: ${error.message}`]
  }
  return [...reasons].slice(0, REASONS_MAX)
}

class Admission {
  readonly #reasons: Set<string>

  constructor(reasons: Set<string>) {
    this.#reasons = reasons
  }

  model(model: ProtoFields): void {
    let [hasVersion, hasGraph, hasOpset] = [false, false, false]
    while (model.next()) {
      switch (model.field) {
        case MODEL.irVersion:
          hasVersion = true
          if (model.value > IR_VERSION_MAX)
            this.#reasons.add(
              `it has format version ${model.value}, 1 to ${IR_VERSION_MAX} can be read; set \`model.ir_version\` to ${IR_VERSION_MAX}, or export with an older version of the onnx package`,
            )
          break
        case MODEL.graph:
          hasGraph = true
          this.#graph(model.message(), 1)
          break
        case MODEL.opsetImport:
          hasOpset = true
          this.#opset(model.message())
          break
        case MODEL.functions:
          this.#function(model.message())
          break
        case MODEL.trainingInfo:
          this.#reasons.add('it carries training graphs; export the model for inference')
          break
      }
    }
    if (!hasVersion || !hasGraph || !hasOpset)
      this.#reasons.add(
        'it is no ONNX model, or cut off: the format version, the graph or the operator sets are missing',
      )
  }

  #opset(opset: ProtoFields): void {
    let domain = ''
    let version = 0
    while (opset.next()) {
      if (opset.field === OPSET.domain) domain = opset.text()
      else if (opset.field === OPSET.version) version = opset.value
    }
    const newest = this.#domain(domain)
    if (newest === undefined || (version >= 1 && version <= newest)) return
    this.#reasons.add(
      `it needs operator set ${version} of ${nameOf(domain)}, 1 to ${newest} can be read; export with a lower target opset`,
    )
  }

  /** The newest operator set of a domain, with a reason when the domain is foreign. */
  #domain(domain: string): number | undefined {
    const newest = OPSETS_MAX.get(nameOf(domain))
    if (newest === undefined)
      this.#reasons.add(
        `it has operators of the domain \`${domain}\`; only ${[...OPSETS_MAX.keys()].join(' and ')} are allowed`,
      )
    return newest
  }

  #function(fields: ProtoFields): void {
    while (fields.next()) {
      if (fields.field === FUNCTION.node) this.#node(fields.message(), 1)
      else if (fields.field === FUNCTION.opsetImport) this.#opset(fields.message())
    }
  }

  #graph(graph: ProtoFields, depth: number): void {
    if (depth > GRAPH_DEPTH_MAX) {
      this.#reasons.add(`its graphs are nested deeper than ${GRAPH_DEPTH_MAX}`)
      return
    }
    while (graph.next()) {
      if (graph.field === GRAPH.node) this.#node(graph.message(), depth)
      else if (graph.field === GRAPH.initializer) this.#tensor(graph.message())
      else if (graph.field === GRAPH.sparseInitializer) this.#sparse(graph.message())
    }
  }

  #node(node: ProtoFields, depth: number): void {
    let operator = ''
    let domain = ''
    while (node.next()) {
      if (node.field === NODE.opType) operator = node.text()
      else if (node.field === NODE.domain) domain = node.text()
      else if (node.field === NODE.attribute) this.#attribute(node.message(), depth)
    }
    this.#domain(domain)
    if (operator === 'ZipMap')
      this.#reasons.add(
        'its output is a list of maps (ZipMap); convert it again with `zipmap=False`, or remove the ZipMap nodes',
      )
  }

  #attribute(attribute: ProtoFields, depth: number): void {
    while (attribute.next()) {
      switch (attribute.field) {
        case ATTRIBUTE.tensor:
        case ATTRIBUTE.tensors:
          this.#tensor(attribute.message())
          break
        case ATTRIBUTE.sparseTensor:
        case ATTRIBUTE.sparseTensors:
          this.#sparse(attribute.message())
          break
        case ATTRIBUTE.graph:
        case ATTRIBUTE.graphs:
          this.#graph(attribute.message(), depth + 1)
          break
      }
    }
  }

  #sparse(sparse: ProtoFields): void {
    while (sparse.next())
      if (sparse.field === SPARSE_TENSOR.values || sparse.field === SPARSE_TENSOR.indices)
        this.#tensor(sparse.message())
  }

  #tensor(tensor: ProtoFields): void {
    let name = ''
    let external = false
    while (tensor.next()) {
      if (tensor.field === TENSOR.name) name = tensor.text()
      else if (tensor.field === TENSOR.externalData) external = true
      else if (tensor.field === TENSOR.dataLocation && tensor.value === DATA_LOCATION_EXTERNAL) external = true
    }
    if (external)
      this.#reasons.add(`the weights \`${name}\` lie outside the file; save the model with its weights inside`)
  }
}

function nameOf(domain: string): string {
  return domain === '' ? 'ai.onnx' : domain
}
