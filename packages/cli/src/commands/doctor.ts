import { styleText } from 'node:util'
import { Command } from 'commander'
import { type CliIo, toJson } from '../cli-io.ts'
import { type ConfigFlag, loadConfig, withConfig } from '../config-option.ts'
import type { Check } from '../doctor/check.ts'
import { diagnose } from '../doctor/diagnose.ts'
import { ReportedFailure } from '../exit-codes.ts'

const MARKS = { ok: ['green', 'ok  '], warn: ['yellow', 'warn'], fail: ['red', 'fail'] } as const

export function doctorCommand(io: CliIo): Command {
  return withConfig(new Command('doctor'))
    .description(
      'Check broker, topics, schemas, models, plans and Redis, each with the fix. Exit code 1 when one fails.',
    )
    .option('--json', 'one JSON document')
    .addHelpText('after', '\nExample:\n  sluice doctor --config sluice.yaml')
    .action(async (flags: ConfigFlag & { readonly json?: boolean }) => {
      const checks = await diagnose(io, loadConfig(io, flags))
      const healthy = checks.every((check) => check.state !== 'fail')
      if (flags.json) await io.out(toJson({ healthy, checks }))
      else for (const check of checks) for (const line of checkLines(check, io.color)) await io.out(line)
      if (!healthy) throw new ReportedFailure()
    })
}

function checkLines(check: Check, color: boolean): readonly string[] {
  const [paint, word] = MARKS[check.state]
  const mark = color ? styleText(paint, word, { validateStream: false }) : word
  const line = `${mark}  ${check.name}: ${check.detail}`
  return check.fix === undefined ? [line] : [line, `      ${check.fix}`]
}
