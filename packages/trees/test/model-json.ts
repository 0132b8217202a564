import { fixture } from './fixture-zoo.ts'

/** One tree as XGBoost 3.x writes it. */
export interface TreeJson {
  tree_param: Record<string, string>
  [array: string]: unknown
  left_children: number[]
  right_children: number[]
  split_indices: number[]
  split_conditions: number[]
  split_type: number[]
  categories: number[]
  categories_nodes: number[]
  categories_segments: number[]
  categories_sizes: number[]
}

/** A model as XGBoost 3.x writes it, as far as the tests change it. */
export interface ModelJson {
  version?: number[]
  learner: {
    attributes: Record<string, string>
    feature_names: string[]
    feature_types: string[]
    learner_model_param: Record<string, string>
    objective: { name: string }
    gradient_booster: {
      name: string
      weight_drop?: number[]
      gbtree?: unknown
      model: {
        gbtree_model_param: Record<string, string>
        iteration_indptr: number[]
        tree_info: number[]
        trees: TreeJson[]
        cats?: { enc: unknown[] }
      }
    }
  }
}

/** A fixture's JSON, to be changed by a test. */
export function modelJson(name: string): ModelJson {
  return JSON.parse(Buffer.from(fixture(name).bytes('json')).toString('utf8')) as ModelJson
}

export function encodeJson(model: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(model))
}
