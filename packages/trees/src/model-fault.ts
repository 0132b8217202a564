/** Every reason a model file is refused. The key is the public code; messages and the reference page derive from this table. */
export const MODEL_FAULTS = {
  E_MODEL_TOO_LARGE: 'the model is larger than the limit',
  E_MODEL_TRUNCATED: 'the file ends before the value is complete',
  E_MODEL_FORMAT: 'the file is of another kind than the JSON and UBJSON that XGBoost saves',
  E_MODEL_SYNTAX: 'the bytes are neither the JSON nor the UBJSON that XGBoost writes',
  E_MODEL_ENCODING: 'a text is not UTF-8',
  E_MODEL_TOO_DEEP: 'values are nested deeper than the limit',
  E_MODEL_KEY: 'a key appears twice in one object or may not appear in a model',
  E_MODEL_FIELD_MISSING: 'a required field is missing',
  E_MODEL_FIELD_TYPE: 'a field has the wrong type',
  E_MODEL_LENGTH: 'an array has the wrong length',
  E_MODEL_RANGE: 'a number is outside its range',
  E_MODEL_NOT_FINITE: 'a threshold, leaf, weight or base score is NaN or infinite',
  E_MODEL_NOT_A_TREE: 'the nodes do not form a tree',
  E_MODEL_CATEGORIES: 'the category arrays contradict each other',
  E_MODEL_UNSUPPORTED: 'the model is valid but cannot be scored exactly by this engine',
} as const

export type ModelFaultCode = keyof typeof MODEL_FAULTS

/**
 * A model file that is not accepted. `where` is the path of the field (`learner.gradient_booster…trees[3].left_children[7]`)
 * or the byte (`byte 120`); `detail` says what was found and what to do. `E_MODEL_UNSUPPORTED` alone means that another
 * engine may still run the model.
 */
export class ModelFault extends Error {
  override readonly name = 'ModelFault'
  readonly code: ModelFaultCode
  readonly where: string
  readonly detail: string

  constructor(code: ModelFaultCode, where: string, detail: string) {
    super(`${where}: ${MODEL_FAULTS[code]} (${detail})`)
    this.code = code
    this.where = where
    this.detail = detail
  }
}
