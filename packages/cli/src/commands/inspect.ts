import {
  DEAD_LETTER_HEADERS,
  endpointTopics,
  formatPredictionId,
  parseEventId,
  parsePredictionId,
} from '@sluice/contracts'
import { Command } from 'commander'
import { type CliIo, toJson } from '../cli-io.ts'
import { type ConfigFlag, loadConfig, pickEndpoint, withConfig } from '../config-option.ts'
import { ReportedFailure, UsageError } from '../exit-codes.ts'
import { type Findings, findEvent, predictionIdOf } from '../inspect/find-event.ts'
import { recordLine } from '../log/record-view.ts'
import { ValueDecoder } from '../log/value-decoder.ts'

export function inspectCommand(io: CliIo): Command {
  return withConfig(new Command('inspect'))
    .description('Show everything about one event: its bytes decoded, its variant, its predictions, its dead letter.')
    .argument('<id>', 'eventId (churn.3.1234) or predictionId (churn.7.3.1234)')
    .option('--json', 'one JSON document')
    .addHelpText('after', '\nExample:\n  sluice inspect churn.7.3.1234')
    .action(async (id: string, flags: ConfigFlag & { readonly json?: boolean }) => {
      const prediction = parsePredictionId(id)
      const position = prediction ?? parseEventId(id)
      if (position === undefined)
        throw new UsageError(`\`${id}\` is neither an eventId (churn.3.1234) nor a predictionId (churn.7.3.1234)`)
      const loaded = loadConfig(io, flags)
      pickEndpoint(loaded, position.endpoint)
      const topics = endpointTopics(position.endpoint, loaded.config.topics.prefix)
      const log = await io.openLog(loaded.config)
      try {
        const decoder = new ValueDecoder(await io.openRegistry(loaded.config))
        const found = await findEvent({ log, topics, position, decoder, signal: io.signal })
        if (flags.json) await io.out(toJson(found))
        else await print(io, found)
        const isThere =
          prediction === undefined
            ? found.event !== null
            : found.predictions.some((p) => predictionIdOf(p) === formatPredictionId(prediction))
        if (!isThere) {
          io.note(`${id} was not found: it is older than the topic's retention, or not there yet.`)
          throw new ReportedFailure()
        }
      } finally {
        await log.close()
      }
    })
}

async function print(io: CliIo, found: Findings): Promise<void> {
  await io.out(`event ${found.eventId}`)
  await io.out(found.event === null ? '  not in the log' : `  ${recordLine(found.event)}`)
  if (found.assignment !== null) {
    const { variant, version, bucket, generation } = found.assignment
    await io.out(
      `  ${variant} (version ${version}) by plan ${generation} in force now${bucket < 0 ? ', no key' : `, bucket ${bucket}`}`,
    )
  }
  await io.out(`predictions: ${found.predictions.length}`)
  for (const view of found.predictions) await io.out(`  ${recordLine(view)}`)
  await io.out(`dead letters: ${found.deadLetters.length}`)
  for (const view of found.deadLetters) {
    const { [DEAD_LETTER_HEADERS.code]: code, [DEAD_LETTER_HEADERS.message]: message } = view.headers
    await io.out(`  ${view.topic} ${view.partition}@${view.offset} ${String(code)}: ${String(message)}`)
  }
}
