/** Seeded random numbers for tests and simulations. */
export interface Rng {
  /** Uniform in [0, 1). */
  next(): number
  /** Uniform integer in [min, max]. */
  int(min: number, max: number): number
  /** True with the given probability. */
  chance(probability: number): boolean
  pick<T>(items: readonly T[]): T
  /** A generator of its own for one purpose, so that one more draw here does not shift all draws there. */
  child(purpose: string): Rng
}

/** sfc32 by Chris Doty-Humphrey (PractRand), seeded through FNV-1a of the seed and the purpose. */
export function rng(seed: number, purpose = ''): Rng {
  let a = fnv1a(`${seed}/${purpose}`)
  let b = fnv1a(`${purpose}/${seed}`)
  let c = 0x9e3779b9
  let counter = 1
  const next = (): number => {
    const t = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (c << 21) | (c >>> 11)
    c = (c + t) | 0
    return (t >>> 0) / 2 ** 32
  }
  for (let i = 0; i < 12; i++) next() // The first outputs still show the seed.
  return {
    next,
    int: (min, max) => min + Math.floor(next() * (max - min + 1)),
    chance: (probability) => next() < probability,
    pick: (items) => items[Math.floor(next() * items.length)]!,
    child: (name) => rng(seed, `${purpose}/${name}`),
  }
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash | 0
}
