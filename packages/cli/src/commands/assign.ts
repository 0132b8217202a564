import { CompiledPlan, parseRoutePlan, planFromConfig, type RoutePlan } from '@sluice/routing'
import { Command } from 'commander'
import { type CliIo, toJson } from '../cli-io.ts'
import { loadConfig, pickEndpoint } from '../config-option.ts'
import { UsageError } from '../exit-codes.ts'
import { inputLines } from '../input-lines.ts'

interface AssignFlags {
  readonly key?: string
  readonly salt?: string
  readonly weights?: string
  readonly config?: string
  readonly endpoint?: string
  readonly json?: boolean
}

/** Longest key read from standard input, in bytes: a Kafka record key is rarely longer. */
const KEY_BYTES_MAX = 65_536

export function assignCommand(io: CliIo): Command {
  return new Command('assign')
    .description('Show which variant a key belongs to: the same answer as every router gives.')
    .option('-k, --key <key>', 'key to assign; without it, keys are read from standard input, one per line')
    .option('--salt <salt>', 'salt of the split, with --weights')
    .option('--weights <list>', 'weights in percent, as champion=90,challenger=10')
    .option('-c, --config <file>', 'take salt and weights from this configuration instead')
    .option('-e, --endpoint <name>', 'endpoint of the configuration')
    .option('--json', 'one JSON object per key')
    .addHelpText(
      'after',
      '\nExamples:\n  sluice assign --salt churn --weights champion=90,challenger=10 --key 7590-VHVEG\n  cut -d, -f1 customers.csv | sluice assign --config sluice.yaml --json',
    )
    .action(async (flags: AssignFlags) => {
      const plan = new CompiledPlan(readPlan(io, flags))
      const show = (key: string): Promise<void> => io.out(assignLine(plan, key, flags.json === true))
      if (flags.key !== undefined) return show(flags.key)
      for await (const { text, tooLong, isUtf8 } of inputLines(io.input(), KEY_BYTES_MAX)) {
        if (tooLong) throw new UsageError(`a key is longer than ${KEY_BYTES_MAX} bytes`)
        if (!isUtf8) throw new UsageError('a key is not UTF-8')
        await show(text)
      }
    })
}

function readPlan(io: CliIo, flags: AssignFlags): RoutePlan {
  if (flags.config !== undefined) {
    if (flags.salt !== undefined || flags.weights !== undefined) {
      throw new UsageError('--config already says salt and weights; leave out --salt and --weights')
    }
    const { name, endpoint } = pickEndpoint(loadConfig(io, { config: flags.config }), flags.endpoint)
    return planFromConfig(name, endpoint, 1)
  }
  if (flags.salt === undefined || flags.weights === undefined) {
    throw new UsageError('give --salt and --weights, or --config')
  }
  if (flags.endpoint !== undefined) throw new UsageError('--endpoint picks from a configuration; give --config too')
  const variants = flags.weights.split(',').map((item, i) => {
    const match = /^([^=]+)=(\d+(?:\.\d{1,2})?)$/.exec(item.trim())
    if (match === null) throw new UsageError(`--weights: \`${item}\` is not name=percent with at most two decimals`)
    return { name: match[1]!, model: 'any', version: i + 1, weightBp: Math.round(Number(match[2]) * 100) }
  })
  const result = parseRoutePlan({ generation: 1, endpoint: 'any', salt: flags.salt, variants, shadows: [] })
  if (result.ok) return result.plan
  throw new UsageError(result.problems.map((p) => `${p.path}: ${p.problem}`).join('\n'))
}

function assignLine(plan: CompiledPlan, key: string, json: boolean): string {
  const bytes = new TextEncoder().encode(key)
  const bucket = plan.bucket(bytes, 0, bytes.length)
  const { name } = plan.variants[plan.variantIndex(bytes, 0, bytes.length)]!
  return json ? toJson({ key, bucket, variant: name }) : `${key}\t${bucket}\t${name}`
}
