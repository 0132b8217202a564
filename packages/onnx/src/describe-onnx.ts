import { InferenceSession } from 'onnxruntime-node'

export interface OnnxTensor {
  readonly name: string
  /** `float32` and the like; `undefined` when it is no tensor. */
  readonly type: string | undefined
  /** Sizes; a name where the size is free. Empty when the model does not say. */
  readonly shape: readonly (number | string)[]
}

/** What a model file takes and gives. Rejects with the runtime's own message when it cannot be loaded. */
export async function describeOnnx(
  bytes: Uint8Array,
): Promise<{ readonly inputs: readonly OnnxTensor[]; readonly outputs: readonly OnnxTensor[] }> {
  const session = await InferenceSession.create(bytes, { executionProviders: ['cpu'], logSeverityLevel: 4 })
  const described = {
    inputs: session.inputMetadata.map(tensorOf),
    outputs: session.outputMetadata.map(tensorOf),
  }
  await session.release()
  return described
}

function tensorOf(metadata: InferenceSession.ValueMetadata): OnnxTensor {
  return metadata.isTensor
    ? { name: metadata.name, type: metadata.type, shape: metadata.shape }
    : { name: metadata.name, type: undefined, shape: [] }
}
