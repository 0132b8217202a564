import { InvariantError } from '@sluice/contracts'
import { checkGolden, type GoldenReport } from './check-golden.ts'
import type { EngineName, Model } from './model.ts'
import { type ModelFile, type ModelPackage, outputsOf, parseModelPackage } from './model-package.ts'
import { ModelRefused } from './model-refused.ts'
import type { PackageFiles } from './model-store.ts'

/** Makes a model from one file of a package. Rejects with the reason when it cannot. */
export type EngineLoader = (source: ModelPackage, file: ModelFile) => Promise<Model> | Model

/** Engines that this process has. */
export type Engines = Readonly<Partial<Record<EngineName, EngineLoader>>>

export interface EngineNotUsed {
  readonly engine: EngineName
  readonly reason: string
}

/** A model that may score: its package is whole and its golden rows came out right. */
export interface LoadedModel {
  readonly model: Model
  readonly package: ModelPackage
  readonly golden: GoldenReport
  /** Engines that come earlier in the package and why each was passed over. */
  readonly notUsed: readonly EngineNotUsed[]
}

/**
 * Loads a package with the first engine, in the package's order, that is there and gets the golden rows right. Throws
 * `ModelRefused` with the reasons of all engines when none does.
 */
export async function loadModel(files: PackageFiles, engines: Engines): Promise<LoadedModel> {
  const source = parseModelPackage(files)
  const notUsed: EngineNotUsed[] = []
  for (const file of source.files) {
    const tried = await tryEngine(source, file, engines[file.engine])
    if (!('reasons' in tried)) return { ...tried, package: source, notUsed }
    for (const reason of tried.reasons) notUsed.push({ engine: file.engine, reason })
  }
  throw new ModelRefused(
    `${files.name}-${files.version}`,
    notUsed.map(({ engine, reason }) => `${engine}: ${reason}`),
  )
}

async function tryEngine(
  source: ModelPackage,
  file: ModelFile,
  load: EngineLoader | undefined,
): Promise<{ readonly model: Model; readonly golden: GoldenReport } | { readonly reasons: readonly string[] }> {
  if (load === undefined) return { reasons: ['this process does not have the engine'] }
  let model: Model | undefined
  try {
    model = await load(source, file)
    const reasons = shapeProblems(model, source)
    if (reasons.length === 0) {
      const golden = await checkGolden(model, source)
      if (golden.problems.length === 0) return { model, golden }
      reasons.push(...golden.problems)
    }
    await model.close()
    return { reasons }
  } catch (error) {
    await model?.close()
    if (error instanceof InvariantError) throw error
    return { reasons: error instanceof ModelRefused ? error.reasons : [(error as Error).message] }
  }
}

function shapeProblems(model: Model, source: ModelPackage): string[] {
  const features = source.manifest.features.length
  const outputs = outputsOf(source.manifest)
  const problems: string[] = []
  if (model.width !== features) problems.push(`it takes ${model.width} columns, the package has ${features} features`)
  if (model.outputs !== outputs) problems.push(`it answers ${model.outputs} values a row, the task has ${outputs}`)
  return problems
}
