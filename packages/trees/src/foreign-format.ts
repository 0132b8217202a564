import { ModelFault } from './model-fault.ts'

/** How files begin that people take for saved models, and what to do with each. Numbers are bytes, texts are ASCII. */
const BEGINNINGS: readonly (readonly [start: string | readonly number[], what: string])[] = [
  ['binf', 'it is the old binary format; load it in XGBoost 2.x and save it as .ubj'],
  ['bs64', 'it is the old binary format in base64; load it in XGBoost 2.x and save it as .ubj'],
  ['CONFIG-offset:', 'it is the memory of a booster; load it in XGBoost 2.x and save it with save_model'],
  [[0x1f, 0x8b], 'it is compressed with gzip; unpack it first'],
  ['PK', 'it is a zip archive; unpack it first'],
  [[0x80], 'it is a pickle; load it in Python and save its booster with save_model'],
  [[0xef, 0xbb, 0xbf], 'it begins with a byte order mark, which XGBoost does not read either; save it without'],
  [[0xff, 0xfe], 'it is UTF-16; save it as UTF-8'],
  [[0xfe, 0xff], 'it is UTF-16; save it as UTF-8'],
  ['tree\n', 'it is a LightGBM model; export it to ONNX'],
  ['CBM1', 'it is a CatBoost model; export it to ONNX'],
  ['booster[', 'it is a text dump, which has no exact numbers; save the booster with save_model'],
  ['0:[', 'it is a text dump, which has no exact numbers; save the booster with save_model'],
  ['0:leaf', 'it is a text dump, which has no exact numbers; save the booster with save_model'],
]

/** Refuses a file of another kind by its name: "expected a value at byte 0" would not help anybody. */
export function refuseForeignFormat(bytes: Uint8Array): void {
  const found = BEGINNINGS.find(([start]) => beginsWith(bytes, start))
  if (found !== undefined) throw new ModelFault('E_MODEL_FORMAT', 'file', found[1])
}

function beginsWith(bytes: Uint8Array, start: string | readonly number[]): boolean {
  const wanted = typeof start === 'string' ? [...start].map((char) => char.charCodeAt(0)) : start
  return wanted.every((byte, index) => bytes[index] === byte)
}
