import type { ConfigProblem, EndpointConfig, PlatformConfig } from '@sluice/contracts'

/** Weights are percentages with at most two decimals: the split has 10,000 buckets. */
const BUCKETS_PER_PERCENT = 100

/** What one field's schema cannot see: sums, duplicates and contradictions between fields. */
export function checkEndpoints(config: PlatformConfig): readonly ConfigProblem[] {
  return Object.entries(config.endpoints).flatMap(([name, endpoint]) => checkEndpoint(`endpoints.${name}`, endpoint))
}

function checkEndpoint(path: string, endpoint: EndpointConfig): ConfigProblem[] {
  const problems: ConfigProblem[] = []
  const sum = endpoint.variants.reduce((total, v) => total + Math.round(v.weight * BUCKETS_PER_PERCENT), 0)
  if (sum !== 100 * BUCKETS_PER_PERCENT) {
    problems.push({
      path: `${path}.variants`,
      problem: `weights sum to ${sum / BUCKETS_PER_PERCENT}`,
      fix: 'Make the weights of the variants sum to 100.',
    })
  }
  const shares = [
    ...endpoint.variants.map((v, i) => ({ at: `${path}.variants[${i}].weight`, value: v.weight })),
    ...endpoint.shadows.map((s, i) => ({ at: `${path}.shadows[${i}].percent`, value: s.percent })),
  ]
  for (const { at, value } of shares) {
    if (Math.abs(value * BUCKETS_PER_PERCENT - Math.round(value * BUCKETS_PER_PERCENT)) > 1e-6) {
      problems.push({
        path: at,
        problem: `${value} has more than two decimals`,
        fix: 'One bucket is 0.01 %; round the share.',
      })
    }
  }
  const all = [
    ...endpoint.variants.map((v, i) => ({ ...v, at: `${path}.variants[${i}]` })),
    ...endpoint.shadows.map((s, i) => ({ ...s, at: `${path}.shadows[${i}]` })),
  ]
  for (const [i, item] of all.entries()) {
    const twin = all.slice(0, i).find((other) => other.name === item.name)
    if (twin)
      problems.push({
        path: `${item.at}.name`,
        problem: `\`${item.name}\` is already the name of ${twin.at}`,
        fix: 'Give each variant and shadow a name of its own.',
      })
    const same = all.slice(0, i).find((other) => other.version === item.version)
    if (same) {
      problems.push({
        path: `${item.at}.version`,
        problem: `version ${item.version} is already used by ${same.at}`,
        fix: 'A version has one topic and one role on an endpoint; remove one of the two.',
      })
    }
  }
  return problems
}
