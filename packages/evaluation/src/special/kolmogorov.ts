/**
 * P(K > x) of Kolmogorov's limiting distribution, the law of √(nm/(n+m)) D of a two-sample Kolmogorov–Smirnov statistic
 * for large samples. The alternating series converges at once for large x, its theta transform for small x.
 */
export function kolmogorovSf(x: number): number {
  if (x <= 0) return 1
  if (x < 1) {
    let sum = 0
    for (let k = 1; k < 40; k += 2) sum += Math.exp((-k * k * Math.PI * Math.PI) / (8 * x * x))
    return 1 - (Math.sqrt(2 * Math.PI) / x) * sum
  }
  let sum = 0
  for (let k = 1; k < 20; k++) sum += (k % 2 === 1 ? 2 : -2) * Math.exp(-2 * k * k * x * x)
  return sum
}
