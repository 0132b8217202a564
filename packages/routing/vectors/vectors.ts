import { readFileSync } from 'node:fs'

interface Murmur3Vectors {
  readonly source: string
  readonly families: readonly {
    readonly keyPrefix: string
    readonly count: number
    readonly seed: number
    /** Eight hexadecimal digits per key. */
    readonly hashes: string
  }[]
  readonly cases: readonly { readonly keyHex: string; readonly seed: number; readonly hash: number }[]
  readonly repeated: readonly {
    readonly keyHex: string
    readonly times: number
    readonly seed: number
    readonly hash: number
  }[]
}

interface AssignmentVectors {
  readonly source: string
  readonly layers: readonly {
    readonly salt: string
    readonly layer: string
    readonly seed: number
    readonly keyPrefix: string
    readonly count: number
    /** Four decimal digits per key. */
    readonly buckets: string
  }[]
  readonly cases: readonly {
    readonly salt: string
    readonly seed: number
    readonly key: string
    readonly bucket: number
  }[]
  readonly plans: readonly {
    readonly salt: string
    readonly weightsBp: readonly number[]
    readonly owned: readonly number[]
    /** One hexadecimal digit per key, the index of its variant. */
    readonly variants: string
  }[]
  readonly partitions: {
    readonly source: string
    readonly cases: readonly { readonly key: string; readonly murmur2: number; readonly partition12: number }[]
  }
}

function read(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../../schemas/vectors/${name}`, import.meta.url), 'utf8'))
}

/** Shared vectors as `generate.py` wrote them; for tests. */
export const murmur3Vectors = read('murmur3.json') as Murmur3Vectors
export const assignmentVectors = read('assignment.json') as AssignmentVectors
