/**
 * Every way one record can be bad. The key is the public code: stable, documented, a header of the dead letter and a
 * metric label. Types, messages and the reference page all derive from this table.
 */
export const RECORD_FAULTS = {
  E_VALUE_NULL: 'the record has no value',
  E_VALUE_TOO_LARGE: 'the value is larger than the configured limit',
  E_FRAME_MAGIC: 'the first byte of the value is not the magic byte of a registry frame, and the value is not JSON',
  E_FRAME_TRUNCATED: 'the value ends inside its registry frame',
  E_FRAME_GUID: 'the value carries a schema GUID (magic byte 1); produce with schema ids (magic byte 0)',
  E_SCHEMA_UNKNOWN: 'the registry has no schema with the id in the frame',
  E_SCHEMA_UNUSABLE: 'the writer schema cannot fill the features of the model',
  E_RECORD_UNDECODABLE: 'the bytes do not match their schema, or are not JSON',
  E_RECORD_TRAILING_BYTES: 'bytes are left over after the record',
  E_RECORD_TOO_DEEP: 'the record is nested deeper than the limit',
  E_RECORD_TOO_MANY_ITEMS: 'the record has more items or longer strings than the limit',
  E_FEATURE_MISSING: 'a feature that must not be missing is missing',
  E_FEATURE_NOT_FINITE: 'a feature is NaN or infinite where the model forbids it',
  E_FEATURE_TYPE: 'a feature has the wrong type',
  E_FEATURE_UNSEEN_CATEGORY: 'a category was not in the training vocabulary and the model forbids unseen ones',
  E_SCORE_NOT_FINITE: 'the model answered NaN or an infinity',
  E_OUTPUT_TOO_LARGE: 'the output record would be larger than the topic accepts',
  E_ORIGIN_INVALID: 'the sluice-origin header is missing or not partition:offset',
} as const

export type FaultCode = keyof typeof RECORD_FAULTS

/** One bad record. `at` names the field or the byte position; it never contains payload. */
export interface RecordFault {
  readonly code: FaultCode
  readonly at: string
}

/** Text of a fault for headers, logs and REST: what, where. */
export function faultMessage(fault: RecordFault): string {
  return fault.at === '' ? RECORD_FAULTS[fault.code] : `${fault.at}: ${RECORD_FAULTS[fault.code]}`
}

/** Why a record was left out on purpose. Counted, never dead-lettered. */
export const SKIP_REASONS = {
  tombstone: 'the record is a tombstone (null value)',
  duplicate: 'the record was handled before',
} as const
export type SkipReason = keyof typeof SKIP_REASONS
