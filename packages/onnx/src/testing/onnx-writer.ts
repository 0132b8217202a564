/** Writes small ONNX files for tests, field by field (onnx.proto3, ONNX 1.20). */
export type Bytes = readonly number[]

export function number(field: number, value: number): Bytes {
  return [...varint(field * 8), ...varint(value)]
}

export function bytes(field: number, content: Bytes | Uint8Array | string): Bytes {
  const raw = typeof content === 'string' ? new TextEncoder().encode(content) : content
  return [...varint(field * 8 + 2), ...varint(raw.length), ...raw]
}

function varint(value: number): number[] {
  const out: number[] = []
  let rest = value
  while (rest >= 128) {
    out.push((rest % 128) + 128)
    rest = Math.floor(rest / 128)
  }
  return [...out, rest]
}

const FLOAT = 1

export function floatTensor(name: string, dims: readonly number[], values: readonly number[], more: Bytes = []): Bytes {
  const raw = new Uint8Array(Float32Array.from(values).buffer)
  return [...dims.flatMap((d) => number(1, d)), ...number(2, FLOAT), ...bytes(8, name), ...bytes(9, raw), ...more]
}

/** A tensor that is an input or output; a dimension is a number or the name of a free one. */
export function tensorType(name: string, dims: readonly (number | string)[], elementType = FLOAT): Bytes {
  const shape = dims.flatMap((d) => bytes(1, typeof d === 'number' ? number(1, d) : bytes(2, d)))
  return [...bytes(1, name), ...bytes(2, bytes(1, [...number(1, elementType), ...bytes(2, shape)]))]
}

export interface NodeParts {
  readonly op: string
  readonly inputs?: readonly string[]
  readonly outputs?: readonly string[]
  readonly domain?: string
  /** Encoded AttributeProto messages. */
  readonly attributes?: readonly Bytes[]
}

export function node({ op, inputs = [], outputs = [], domain = '', attributes = [] }: NodeParts): Bytes {
  return [
    ...inputs.flatMap((name) => bytes(1, name)),
    ...outputs.flatMap((name) => bytes(2, name)),
    ...bytes(4, op),
    ...attributes.flatMap((attribute) => bytes(5, attribute)),
    ...(domain === '' ? [] : bytes(7, domain)),
  ]
}

export interface GraphParts {
  readonly nodes?: readonly Bytes[]
  readonly weights?: readonly Bytes[]
  readonly inputs?: readonly Bytes[]
  readonly outputs?: readonly Bytes[]
}

export function graph({ nodes = [], weights = [], inputs = [], outputs = [] }: GraphParts): Bytes {
  return [
    ...nodes.flatMap((part) => bytes(1, part)),
    ...bytes(2, 'g'),
    ...weights.flatMap((part) => bytes(5, part)),
    ...inputs.flatMap((part) => bytes(11, part)),
    ...outputs.flatMap((part) => bytes(12, part)),
  ]
}

/** A whole file. `opsets` are pairs of domain and version. */
export function model(
  graphBytes: Bytes,
  opsets: readonly (readonly [string, number])[] = [['', 17]],
  more: Bytes = [],
): Uint8Array {
  const imports = opsets.flatMap(([domain, version]) => bytes(8, [...bytes(1, domain), ...number(2, version)]))
  return Uint8Array.from([...number(1, 8), ...bytes(7, graphBytes), ...imports, ...more])
}

/** `scores = features · weights`, with one row of weights per feature. */
export function linearModel(options: {
  readonly weights: readonly (readonly number[])[]
  readonly inputDims?: readonly (number | string)[]
  readonly opsets?: readonly (readonly [string, number])[]
  readonly flatten?: boolean
}): Uint8Array {
  const { weights } = options
  const columns = weights[0]!.length
  const product = options.flatten === true ? 'product' : 'scores'
  return model(
    graph({
      nodes: [
        node({ op: 'MatMul', inputs: ['features', 'weights'], outputs: [product] }),
        ...(options.flatten === true
          ? [node({ op: 'Squeeze', inputs: ['product', 'axes'], outputs: ['scores'] })]
          : []),
      ],
      weights: [
        floatTensor('weights', [weights.length, columns], weights.flat()),
        ...(options.flatten === true ? [int64Tensor('axes', [1])] : []),
      ],
      inputs: [tensorType('features', options.inputDims ?? ['N', weights.length])],
      outputs: [tensorType('scores', options.flatten === true ? ['N'] : ['N', columns])],
    }),
    options.opsets,
  )
}

export function int64Tensor(name: string, values: readonly number[]): Bytes {
  const raw = new Uint8Array(BigInt64Array.from(values, BigInt).buffer)
  return [...number(1, values.length), ...number(2, 7), ...bytes(8, name), ...bytes(9, raw)]
}
