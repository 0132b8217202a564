import { readdirSync, readFileSync } from 'node:fs'

/** One trained model with XGBoost's own answers; `manifest.json` of each fixture folder explains every field. */
export interface FixtureShape {
  /** `<release line>/<shape>`, for test titles. */
  readonly title: string
  readonly name: string
  readonly objective: string
  readonly booster: string
  readonly rows: number
  readonly features: number
  readonly outputs: number
  readonly predictionColumns: number
  readonly files: Readonly<Record<string, string>>
  /** A file of the shape as bytes. */
  bytes(kind: string): Uint8Array
  /** A file of the shape as float32. */
  floats(kind: string): Float32Array
}

const root = new URL('../fixtures/', import.meta.url)

/** Every shape of every XGBoost release line under `fixtures/`. */
export const FIXTURES: readonly FixtureShape[] = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .flatMap(({ name: line }) => {
    const folder = new URL(`${line}/`, root)
    const manifest = JSON.parse(readFileSync(new URL('manifest.json', folder), 'utf8')) as { shapes: FixtureShape[] }
    return manifest.shapes.map((shape) => withFiles(shape, line, folder))
  })

function withFiles(shape: FixtureShape, line: string, folder: URL): FixtureShape {
  const bytes = (kind: string): Uint8Array => {
    const file = shape.files[kind]
    if (file === undefined) throw new Error(`${line}/${shape.name} has no ${kind} file`)
    return readFileSync(new URL(file, folder))
  }
  return {
    ...shape,
    title: `${line}/${shape.name}`,
    bytes,
    floats: (kind) => new Float32Array(Uint8Array.from(bytes(kind)).buffer),
  }
}

export function fixture(name: string, line = 'xgboost-3.2'): FixtureShape {
  const found = FIXTURES.find((shape) => shape.title === `${line}/${name}`)
  if (found === undefined) throw new Error(`no fixture ${line}/${name}`)
  return found
}

/** Rows (numbers) on which two row-major float32 tables differ in any bit, NaN payloads apart. */
export function differingRows(a: Float32Array, b: Float32Array, columns: number): number[] {
  if (a.length !== b.length) throw new Error(`tables of ${a.length} and ${b.length} values`)
  const rows = new Set<number>()
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) rows.add(Math.floor(i / columns))
  return [...rows]
}
