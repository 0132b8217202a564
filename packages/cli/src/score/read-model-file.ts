import { readFileSync, type Stats, statSync } from 'node:fs'
import { basename } from 'node:path'
import { ModelRefused, PACKAGE_LIMITS } from '@sluice/scoring'
import { UsageError } from '../exit-codes.ts'

/** A path from the command line: a folder, or a file with its bytes. */
export type ModelSource =
  | { readonly kind: 'package' }
  | { readonly kind: 'onnx' | 'xgboost'; readonly bytes: Uint8Array }

/**
 * Reads a model file, up to the limit of packages. Devices and pipes are no model files: some of them never end. Throws
 * UsageError when there is nothing to read, ModelRefused when it is too large.
 */
export function readModelSource(path: string): ModelSource {
  const stat = statOf(path)
  if (stat.isDirectory()) return { kind: 'package' }
  if (!stat.isFile()) throw new UsageError(`${path} is neither a file nor a folder; save the model to a file first`)
  if (stat.size > PACKAGE_LIMITS.model) {
    throw new ModelRefused(basename(path), [`it has ${stat.size} bytes, more than ${PACKAGE_LIMITS.model}`])
  }
  const bytes = attempt(path, () => readFileSync(path))
  return { kind: isOnnx(path, bytes) ? 'onnx' : 'xgboost', bytes }
}

function statOf(path: string): Stats {
  const stat = attempt(path, () => statSync(path, { throwIfNoEntry: false }))
  if (stat === undefined) throw new UsageError(`${path} does not exist`)
  return stat
}

function attempt<T>(path: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw new UsageError(`${path} cannot be read: ${(cause as Error).message}`, { cause })
  }
}

/** By its name, or because it begins as exporters begin: field 1 of the message, the format version, which is below 128. */
function isOnnx(path: string, bytes: Uint8Array): boolean {
  return path.toLowerCase().endsWith('.onnx') || (bytes[0] === 0x08 && bytes[1]! < 0x80)
}
