import { basename } from 'node:path'
import { ModelRefused } from '@sluice/scoring'
import { Command } from 'commander'
import { type CliIo, toJson } from '../cli-io.ts'
import { GateRefusedError } from '../exit-codes.ts'
import { openModel } from '../score/open-model.ts'
import { type ModelSource, readModelSource } from '../score/read-model-file.ts'

/** What `model check` says of a file or package. */
interface ModelReport {
  readonly model: string
  /** Absent when the file is too large to look into. */
  readonly kind?: ModelSource['kind']
  readonly scores: boolean
  /** Why it does not score; empty when it does. */
  readonly reasons: readonly string[]
  /** Facts about what was found, in the order of printing. */
  readonly facts: Readonly<Record<string, unknown>>
}

export function modelCommand(io: CliIo): Command {
  const model = new Command('model').description('Say what a model is and whether it can score.')
  model.addCommand(
    new Command('check')
      .description(
        'Load a package (golden rows included) or a bare model file as a scorer would. Exit code 3 when it must not score.',
      )
      .argument('<path>', 'package folder (<name>-<version>), or a model file (.json, .ubj, .onnx)')
      .option('--json', 'one JSON document')
      .addHelpText('after', '\nExamples:\n  sluice model check models/churn-7\n  sluice model check model.ubj --json')
      .action(async (path: string, flags: { readonly json?: boolean }) => {
        const report = await checkModel(path)
        if (flags.json) await io.out(toJson(report))
        else for (const line of reportLines(report)) await io.out(line)
        if (!report.scores) {
          throw new GateRefusedError(
            `${path} cannot score:`,
            report.reasons.map((reason) => ({
              path: report.model,
              problem: reason,
              fix: 'Correct the model or its package.',
            })),
          )
        }
      }),
  )
  return model
}

export async function checkModel(path: string): Promise<ModelReport> {
  const model = basename(path)
  let kind: ModelReport['kind'] | undefined
  try {
    const source = readModelSource(path)
    kind = source.kind
    return { model, kind, scores: true, reasons: [], facts: await factsOf(path, source) }
  } catch (error) {
    if (error instanceof ModelRefused) {
      return { model, ...(kind === undefined ? {} : { kind }), scores: false, reasons: error.reasons, facts: {} }
    }
    throw error
  }
}

function factsOf(path: string, source: ModelSource): Promise<Record<string, unknown>> {
  if (source.kind === 'package') return packageFacts(path)
  return source.kind === 'xgboost' ? xgboostFacts(path, source.bytes) : onnxFacts(path, source)
}

async function packageFacts(path: string): Promise<Record<string, unknown>> {
  const { loadPackage } = await import('../score/open-package.ts')
  const { model, package: source, golden, notUsed } = await loadPackage(path)
  await model.close()
  const { manifest } = source
  return {
    name: manifest.name,
    version: manifest.version,
    task: manifest.task,
    engine: model.engine,
    sha256: model.sha256,
    features: manifest.features.length,
    outputs: model.outputs,
    ...(manifest.task === 'binary' ? { threshold: manifest.threshold } : {}),
    golden: {
      rows: golden.rows,
      worstDifference: golden.worst.difference,
      tolerance: golden.tolerance,
      marginsExact: golden.marginsExact ?? null,
    },
    notUsed,
  }
}

async function xgboostFacts(path: string, bytes: Uint8Array): Promise<Record<string, unknown>> {
  const { openBareXgboost } = await import('../score/open-bare-xgboost.ts')
  const opened = openBareXgboost(basename(path), bytes)
  await opened.close()
  const { what, objective, booster, xgboost, bestIteration, kernel } = opened
  const stopped = bestIteration === undefined ? {} : { bestIteration }
  return {
    engine: what.engine,
    task: what.task,
    objective,
    booster,
    xgboost,
    features: what.features,
    outputs: what.outputs,
    ...stopped,
    kernel,
  }
}

async function onnxFacts(path: string, source: ModelSource): Promise<Record<string, unknown>> {
  const { what, close } = await openModel(path, source)
  await close()
  return { engine: what.engine, task: what.task, features: what.features, outputs: what.outputs }
}

function reportLines({ model, kind, scores, facts }: ModelReport): readonly string[] {
  return [
    `${model}\t${kind ?? 'file'}\t${scores ? 'can score' : 'cannot score'}`,
    ...Object.entries(facts).map(([name, value]) => `  ${name}\t${typeof value === 'string' ? value : toJson(value)}`),
  ]
}
