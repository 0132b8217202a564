import { setImmediate } from 'node:timers/promises'
import { Command, InvalidArgumentError } from 'commander'
import { type CliIo, toJson } from '../cli-io.ts'
import { UsageError } from '../exit-codes.ts'
import { type ExperimentResult, runExperiment } from '../simulate/run-experiment.ts'
import {
  plannedEvents,
  SCENARIO_NAMES,
  type ScenarioName,
  SIMULATED_METHODS,
  scenarioOf,
  type World,
} from '../simulate/scenario.ts'
import { type Summary, summarize, summaryTable } from '../simulate/summarize.ts'

/** Limits of what one command may be asked for; beyond them a run takes days or the machine's memory. */
export const SIMULATION_RUNS_MAX = 1_000_000
export const SIMULATION_CUSTOMERS_MAX = 10_000_000
export const SIMULATION_EVENTS_PER_DAY_MAX = 10_000_000
/** How often progress is reported, at most. */
const PROGRESS_MS = 2_000

interface SimulateFlags {
  readonly scenario: readonly ScenarioName[]
  readonly base: number
  readonly effect: number
  readonly customers: number
  readonly traffic: number
  readonly active: number
  readonly delay: number
  readonly days: number
  readonly looks: number
  readonly novelty: number
  readonly noveltyHalfLife: number
  readonly runs: number
  readonly seed: number
  readonly json?: boolean
}

export function simulateCommand(io: CliIo): Command {
  const whole = (min: number, max: number) => number(min, max, true)
  return new Command('simulate')
    .description(
      'Run rollouts on made-up customers with known effects: how often they err, how long they take, what it costs.',
    )
    .option('--scenario <list>', `which of ${SCENARIO_NAMES.join(',')}`, scenarios, SCENARIO_NAMES)
    .option('--base <rate>', 'share of events that convert under the champion', number(0.0001, 0.9999), 0.1)
    .option('--effect <share>', 'effect of the better and the worse version, relative', number(0.001, 1), 0.1)
    .option('--customers <n>', 'customers, each with many events', whole(100, SIMULATION_CUSTOMERS_MAX), 20_000)
    .option('--traffic <n>', 'events per day', whole(1, SIMULATION_EVENTS_PER_DAY_MAX), 5_000)
    .option(
      '--active <share>',
      'share of customers who convert at all; the fewer, the more clustered',
      number(0.001, 1),
      0.5,
    )
    .option('--delay <days>', 'days from an event to its outcome', number(0, 90), 1)
    .option('--days <n>', 'days after which an undecided rollout is given up', whole(2, 180), 14)
    .option('--looks <n>', 'looks at the data per day', whole(1, 1_440), 2)
    .option('--novelty <share>', 'extra relative effect of being new to a customer', number(-1, 1), 0)
    .option('--novelty-half-life <days>', 'days in which the novelty halves', number(0.1, 90), 3)
    .option('--runs <n>', 'experiments per scenario', whole(1, SIMULATION_RUNS_MAX), 1_000)
    .option('--seed <n>', 'the same seed gives the same numbers', whole(0, 2 ** 31 - 1), 1)
    .option('--json', 'one JSON document')
    .addHelpText(
      'after',
      '\nExamples:\n  sluice simulate --runs 200\n  sluice simulate --scenario aa,broken --base 0.05 --traffic 20000 --delay 3 --runs 2000 --json\n\nEvery method sees the same customers and events. Exposed: events answered by the candidate before the end;\nlost: conversions lost by them (below 0: won); both per experiment. Ctrl-C prints what is done so far.',
    )
    .action(async (flags: SimulateFlags) => {
      const world = worldOf(flags)
      const summaries: Summary[] = []
      const progress = reporter(io, flags)
      for (const name of flags.scenario) {
        const results: ExperimentResult[] = []
        const scenario = scenarioOf(name, world)
        for (let run = 0; run < flags.runs && !io.signal.aborted; run++) {
          results.push(...runExperiment({ world, scenario, methods: SIMULATED_METHODS, seed: flags.seed, run }))
          progress(name, run + 1)
          await setImmediate() // Lets Ctrl-C through.
        }
        if (results.length === 0) continue
        for (const method of SIMULATED_METHODS) {
          const own = results.filter((result) => result.method === method)
          summaries.push(summarize(scenario, method, own))
        }
      }
      if (flags.json) return io.out(toJson({ seed: flags.seed, world, summaries }))
      for (const line of summaryTable(summaries)) await io.out(line)
    })
}

function worldOf(flags: SimulateFlags): World {
  const { base, effect, active, novelty } = flags
  const highest = (base / active) * (1 + effect + Math.max(0, novelty))
  if (highest > 1) {
    throw new UsageError(
      `--base ${base} over --active ${active} with --effect and --novelty gives a rate of ${highest.toPrecision(4)}, above 1; raise --active or lower --base`,
    )
  }
  if (novelty - Math.max(effect, 0.5) < -1) {
    throw new UsageError(`--novelty ${novelty} makes the rate of a worse version negative; raise it`)
  }
  if (novelty === 0 && flags.noveltyHalfLife !== 3) {
    throw new UsageError('--novelty-half-life has no effect without --novelty; give both or neither')
  }
  return {
    baseRate: base,
    effect,
    customers: flags.customers,
    eventsPerDay: flags.traffic,
    activeShare: active,
    delayDays: flags.delay,
    days: flags.days,
    looksPerDay: flags.looks,
    novelty,
    noveltyHalfLifeDays: flags.noveltyHalfLife,
  }
}

function reporter(io: CliIo, flags: SimulateFlags): (scenario: ScenarioName, done: number) => void {
  const world = worldOf(flags)
  const planned = SIMULATED_METHODS.map((method) => `${method} ${plannedEvents(world, method)}`).join(', ')
  io.note(`Planned for 80 % power with independent events: ${planned} of ${flags.traffic * flags.days} events.`)
  let lastMs = io.clock.monotonicMs()
  return (scenario, done) => {
    const nowMs = io.clock.monotonicMs()
    if (nowMs - lastMs < PROGRESS_MS && done < flags.runs) return
    lastMs = nowMs
    io.note(`${scenario}: ${done} of ${flags.runs} experiments`)
  }
}

function number(min: number, max: number, whole = false): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text)
    if (value >= min && value <= max && (!whole || Number.isInteger(value))) return value
    throw new InvalidArgumentError(`must be a ${whole ? 'whole ' : ''}number from ${min} to ${max}.`)
  }
}

function scenarios(text: string): readonly ScenarioName[] {
  const names = text.split(',').map((name) => name.trim())
  for (const name of names) {
    if (!SCENARIO_NAMES.some((known) => known === name)) {
      throw new InvalidArgumentError(`\`${name}\` is none of ${SCENARIO_NAMES.join(', ')}.`)
    }
  }
  return [...new Set(names)] as ScenarioName[]
}
