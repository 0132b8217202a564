import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import type { OnnxWorkerData, OnnxWorkerMessage, ScoreRequest } from './onnx-messages.ts'
import { OnnxSession } from './onnx-session.ts'

/**
 * The thread of one model. `run` of the runtime blocks its thread, so it has one of its own; requests are answered one after
 * another, in order.
 */
const port = parentPort as MessagePort

try {
  const session = await OnnxSession.load(workerData as OnnxWorkerData)
  let turn = Promise.resolve()
  port.on('message', (request: ScoreRequest) => {
    turn = turn.then(() => answer(session, request))
  })
  port.postMessage({ kind: 'loaded' } satisfies OnnxWorkerMessage)
} catch (error) {
  port.postMessage({ kind: 'refused', reason: (error as Error).message } satisfies OnnxWorkerMessage)
}

async function answer(session: OnnxSession, { rows, features, scores }: ScoreRequest): Promise<void> {
  let message: OnnxWorkerMessage
  try {
    await session.score(new Float32Array(features), rows, new Float32Array(scores))
    message = { kind: 'scored', features, scores }
  } catch (error) {
    message = { kind: 'failed', reason: (error as Error).message, features, scores }
  }
  port.postMessage(message, [features, scores])
}
