/** Names of an endpoint's topics: `[prefix.]<endpoint>.<what>`. All of them have the same number of partitions. */
export interface EndpointTopics {
  readonly events: string
  readonly predictions: string
  readonly shadows: string
  readonly outcomes: string
  readonly quality: string
  readonly control: string
  readonly audit: string
  readonly deadLetters: string
  readonly reviewsRequested: string
  readonly reviewsCompleted: string
  readonly reviewsResolved: string
  /** Topic that carries the events for one model version. */
  version(version: number): string
}

export function endpointTopics(endpoint: string, prefix = ''): EndpointTopics {
  const root = prefix === '' ? endpoint : `${prefix}.${endpoint}`
  return {
    events: `${root}.events`,
    predictions: `${root}.predictions`,
    shadows: `${root}.shadows`,
    outcomes: `${root}.outcomes`,
    quality: `${root}.quality`,
    control: `${root}.control`,
    audit: `${root}.audit`,
    deadLetters: `${root}.dlq`,
    reviewsRequested: `${root}.reviews.requested`,
    reviewsCompleted: `${root}.reviews.completed`,
    reviewsResolved: `${root}.reviews.resolved`,
    version: (version) => `${root}.v${version}`,
  }
}
