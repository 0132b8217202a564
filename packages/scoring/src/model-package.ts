import { createHash } from 'node:crypto'
import { type GoldenRow, parseGolden } from './golden-rows.ts'
import { type ModelFileEntry, type ModelManifest, parseManifest } from './model-manifest.ts'
import { ModelRefused } from './model-refused.ts'
import { MANIFEST_PATH, PACKAGE_LIMITS, type PackageFiles } from './model-store.ts'

/** The same model for one engine: what the manifest says about it, and its bytes, whose sha256 was checked. */
export type ModelFile = ModelFileEntry & { readonly bytes: Uint8Array }

/** A model package whose files are all there, unaltered and well formed. What it scores is not checked yet. */
export interface ModelPackage {
  readonly manifest: ModelManifest
  /** In the order in which engines are tried. */
  readonly files: readonly ModelFile[]
  readonly golden: readonly GoldenRow[]
  /** Parsed JSON of the profile of the training data, if the package has one. */
  readonly baseline: unknown
}

/** Values per row that a model of this task answers. */
export function outputsOf(manifest: ModelManifest): number {
  return manifest.task === 'multiclass' ? manifest.labels.length : 1
}

/** Reads a package as it lies in a store. Throws `ModelRefused` with every problem. */
export function parseModelPackage(source: PackageFiles): ModelPackage {
  const id = `${source.name}-${source.version}`
  const yaml = source.files.get(MANIFEST_PATH)
  if (yaml === undefined) throw new ModelRefused(id, [`${source.origin} has no ${MANIFEST_PATH}`])
  const text = utf8(yaml)
  if (text === undefined) throw new ModelRefused(id, [`${MANIFEST_PATH}: it is not UTF-8`])
  const { manifest, problems } = parseManifest(text)
  if (manifest === undefined) throw new ModelRefused(id, problems)
  return new PackageReader(source, manifest).read()
}

class PackageReader {
  readonly #source: PackageFiles
  readonly #manifest: ModelManifest
  readonly #reasons: string[] = []

  constructor(source: PackageFiles, manifest: ModelManifest) {
    this.#source = source
    this.#manifest = manifest
  }

  read(): ModelPackage {
    const { name, version } = this.#source
    const manifest = this.#manifest
    if (manifest.name !== name || manifest.version !== version) {
      this.#reasons.push(
        `${MANIFEST_PATH}: it is ${manifest.name}-${manifest.version}, but lies where ${name}-${version} belongs`,
      )
    }
    const files = manifest.files.flatMap((entry): ModelFile[] => {
      const bytes = this.#file(entry, PACKAGE_LIMITS.model)
      if (bytes === undefined) return []
      return [{ ...entry, bytes }]
    })
    const golden = this.#golden()
    const baseline = manifest.baseline === undefined ? undefined : this.#json(manifest.baseline)
    if (this.#reasons.length > 0) throw new ModelRefused(`${name}-${version}`, this.#reasons)
    return { manifest, files, golden, baseline }
  }

  #golden(): readonly GoldenRow[] {
    const bytes = this.#file(this.#manifest.golden, PACKAGE_LIMITS.golden)
    if (bytes === undefined) return []
    const text = utf8(bytes)
    if (text === undefined) {
      this.#reasons.push(`${this.#manifest.golden.path}: it is not UTF-8`)
      return []
    }
    const { rows, problems } = parseGolden(text, this.#manifest)
    this.#reasons.push(...problems)
    return rows
  }

  #json(entry: { readonly path: string; readonly sha256: string }): unknown {
    const bytes = this.#file(entry, PACKAGE_LIMITS.baseline)
    if (bytes === undefined) return undefined
    try {
      return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    } catch {
      this.#reasons.push(`${entry.path}: it is not JSON`)
      return undefined
    }
  }

  /** The bytes of a declared file if they are those that were packed. */
  #file(entry: { readonly path: string; readonly sha256: string }, bytesMax: number): Uint8Array | undefined {
    const bytes = this.#source.files.get(entry.path)
    if (bytes === undefined) {
      this.#reasons.push(`${entry.path}: it is declared in ${MANIFEST_PATH}, but not in ${this.#source.origin}`)
      return undefined
    }
    if (bytes.length > bytesMax) {
      this.#reasons.push(`${entry.path}: it has ${bytes.length} bytes, more than ${bytesMax}`)
      return undefined
    }
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    if (sha256 === entry.sha256) return bytes
    this.#reasons.push(
      `${entry.path}: its sha256 is ${sha256}, ${MANIFEST_PATH} says ${entry.sha256}; copy the package again or pack it anew`,
    )
    return undefined
  }
}

function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}
