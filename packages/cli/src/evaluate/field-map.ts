import { UsageError } from '../exit-codes.ts'

export const PREDICTION_FIELDS = [
  'predictionId',
  'eventId',
  'ceId',
  'key',
  'version',
  'variant',
  'score',
  'decision',
  'eventTime',
] as const
export const OUTCOME_FIELDS = [
  'predictionId',
  'eventId',
  'ceId',
  'key',
  'outcome',
  'occurredAt',
  'source',
  'revision',
  'recordedAt',
] as const
export type PredictionField = (typeof PREDICTION_FIELDS)[number]
export type OutcomeField = (typeof OUTCOME_FIELDS)[number]

/** How a file calls each field. */
export type FieldMap<Field extends string> = Readonly<Record<Field, string>>

/** `score=probability` for each field that a file calls otherwise; throws UsageError for one that is not known. */
export function fieldMap<Field extends string>(
  fields: readonly Field[],
  pairs: readonly string[],
  flag: string,
): FieldMap<Field> {
  const map = {} as Record<Field, string>
  for (const field of fields) map[field] = field
  for (const pair of pairs) {
    const at = pair.indexOf('=')
    const field = pair.slice(0, at) as Field
    if (at <= 0 || at === pair.length - 1) throw new UsageError(`${flag} ${pair}: write field=name-in-the-file`)
    if (!fields.includes(field)) {
      throw new UsageError(`${flag} ${pair}: there is no field ${field}; there are ${fields.join(', ')}`)
    }
    map[field] = pair.slice(at + 1)
  }
  return map
}
