/** A model package as it lies in a store: `model.yaml` and the files that it names, not yet looked at. */
export interface PackageFiles {
  /** Where it is from, for messages: a folder or an address. */
  readonly origin: string
  /** Which version it claims to be by its place in the store. */
  readonly name: string
  readonly version: number
  /** Content by relative path, `/` between parts. Holds `model.yaml`, and of the files it names those that are there. */
  readonly files: ReadonlyMap<string, Uint8Array>
}

export interface StoredVersion {
  readonly name: string
  readonly version: number
}

/** Where model packages come from. */
export interface ModelStore {
  /** All versions by name, then version. */
  list(): Promise<readonly StoredVersion[]>
  /**
   * Reads one package. Rejects with `ModelRefused` when there is none or what is there may not be read (too large, a link),
   * with `DependencyError` when the store does not answer.
   */
  read(name: string, version: number): Promise<PackageFiles>
}

export const MANIFEST_PATH = 'model.yaml'

/** Largest files that a package may have, in bytes. */
export const PACKAGE_LIMITS = {
  manifest: 16 * 1024 * 1024,
  model: 256 * 1024 * 1024,
  golden: 64 * 1024 * 1024,
  baseline: 16 * 1024 * 1024,
} as const
