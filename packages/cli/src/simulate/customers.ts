import { VARIANCE_BUCKETS } from '@sluice/evaluation'
import { BUCKET_COUNT, Bucketer } from '@sluice/routing'
import type { Scenario, World } from './scenario.ts'

/** The customers of one simulated experiment, with the buckets that the routers would give them. */
export interface Customers {
  /** Bucket of the split, 0 to 9,999. */
  readonly armBucket: Uint16Array
  /** Bucket from which variances are estimated, 0 to 999. */
  readonly varianceBucket: Uint16Array
  /** Probability that an event converts under the champion. */
  readonly rate: Float64Array
  /** 0 when records of this customer are lost, should the candidate get them. */
  readonly arrives: Uint8Array
}

export function drawCustomers(world: World, scenario: Scenario, salt: string, random: () => number): Customers {
  const n = world.customers
  const [split, variance] = [new Bucketer(salt, 'arm'), new Bucketer(salt, 'variance')]
  const customers: Customers = {
    armBucket: new Uint16Array(n),
    varianceBucket: new Uint16Array(n),
    rate: new Float64Array(n),
    arrives: new Uint8Array(n),
  }
  const key = new Uint8Array(4)
  const view = new DataView(key.buffer)
  for (let i = 0; i < n; i++) {
    view.setUint32(0, i)
    customers.armBucket[i] = split.bucket(key, 0, key.length)
    customers.varianceBucket[i] = Math.floor((variance.bucket(key, 0, key.length) * VARIANCE_BUCKETS) / BUCKET_COUNT)
    customers.rate[i] = random() < world.activeShare ? world.baseRate / world.activeShare : 0
    customers.arrives[i] = random() < scenario.arrive ? 1 : 0
  }
  return customers
}
