import { z } from 'zod'

/** Feature names may be any printable text a training library accepts, but not what would reach an object's prototype. */
const featureName = z
  .string()
  .min(1)
  .max(256)
  .refine((n) => !['__proto__', 'constructor', 'prototype'].includes(n), 'this name is reserved')

const base = {
  name: featureName.describe('Column name of the training data.'),
  source: z
    .string()
    .min(1)
    .max(512)
    .refine((s) => s.split('.').every((part) => part !== ''), 'a dotted path has no empty part')
    .optional()
    .describe('Event field, dotted for nested records; default is the name.'),
  missing: z
    .enum(['allow', 'reject'])
    .default('allow')
    .describe('What a null or absent field gets: NaN, or a dead letter.'),
}

const numberFeature = z.strictObject({
  ...base,
  type: z.literal('number'),
  nonFinite: z.enum(['allow', 'reject']).default('reject').describe('What NaN and infinities in the event get.'),
})
const booleanFeature = z.strictObject({ ...base, type: z.literal('boolean') })
const categoryFeature = z.strictObject({
  ...base,
  type: z.literal('category'),
  categories: z
    .array(
      z
        .string()
        .max(1024)
        .refine((c) => c.isWellFormed(), 'half of a surrogate pair has no UTF-8 form'),
    )
    .min(1)
    .max(65_536)
    .refine((list) => new Set(list).size === list.length, 'categories must be distinct')
    .describe('Training vocabulary in order; the encoded value is the index.'),
  unseen: z
    .enum(['missing', 'reject'])
    .default('missing')
    .describe('What a value outside the vocabulary gets: NaN, or a dead letter.'),
})

export const featureSpec = z.discriminatedUnion('type', [numberFeature, booleanFeature, categoryFeature])
export type FeatureSpec = z.infer<typeof featureSpec>
export type NumberFeature = z.infer<typeof numberFeature>
export type BooleanFeature = z.infer<typeof booleanFeature>
export type CategoryFeature = z.infer<typeof categoryFeature>

/** Columns in training order. */
export const featureList = z
  .array(featureSpec)
  .min(1)
  .max(65_536)
  .refine((list) => new Set(list.map((f) => f.name)).size === list.length, 'feature names must be distinct')

/** Event field names from the outermost record to the feature. */
export function sourcePath(feature: FeatureSpec): readonly string[] {
  return (feature.source ?? feature.name).split('.')
}
