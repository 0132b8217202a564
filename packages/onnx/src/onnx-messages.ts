import type { ModelManifest } from '@sluice/scoring'

/** What a worker needs to load a model. */
export interface OnnxWorkerData {
  readonly bytes: Uint8Array
  readonly task: ModelManifest['task']
  readonly width: number
  readonly outputs: number
  readonly input: string | undefined
  readonly output: string | undefined
}

/**
 * A batch on its way to the worker. Both buffers are moved, not copied, and come back with the answer: rows of features
 * (`rows * width` float32) and room for scores (`rows * outputs` float32).
 */
export interface ScoreRequest {
  readonly rows: number
  readonly features: ArrayBuffer
  readonly scores: ArrayBuffer
}

export type OnnxWorkerMessage =
  | { readonly kind: 'loaded' }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'scored'; readonly features: ArrayBuffer; readonly scores: ArrayBuffer }
  | { readonly kind: 'failed'; readonly reason: string; readonly features: ArrayBuffer; readonly scores: ArrayBuffer }
