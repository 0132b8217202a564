/**
 * Who may import whom. A package named after a domain noun is pure, one named after a technology is an adapter; the table
 * keeps it that way. Run: `node tools/check-imports.ts`. It has no list of exceptions.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

type Kind = 'contracts' | 'pure' | 'stream' | 'adapter' | 'runtime' | 'testing' | 'service' | 'cli'

/** What each workspace is. A workspace that is missing here is an error: somebody has to decide. */
export const KINDS: Readonly<Record<string, Kind>> = {
  contracts: 'contracts',
  routing: 'pure',
  features: 'pure',
  trees: 'pure',
  scoring: 'pure',
  evaluation: 'pure',
  rollout: 'pure',
  review: 'pure',
  stream: 'stream',
  kafka: 'adapter',
  registry: 'adapter',
  redis: 'adapter',
  onnx: 'adapter',
  files: 'adapter',
  prometheus: 'adapter',
  'local-stack': 'adapter',
  runtime: 'runtime',
  testing: 'testing',
  router: 'service',
  scorer: 'service',
  feedback: 'service',
  cli: 'cli',
}

/** Pure packages look only downwards. */
const PURE_DOWNWARDS: Readonly<Record<string, readonly string[]>> = {
  scoring: ['features', 'trees'],
  rollout: ['evaluation', 'routing'],
  review: ['evaluation'],
}

/** The pure package whose port an adapter implements. */
const PORT_OWNERS: Readonly<Record<string, readonly string[]>> = {
  onnx: ['scoring', 'features'],
  files: ['scoring'],
  redis: ['evaluation', 'review'],
}

/** Modules through which a pure package would reach the outside. `node:crypto` hashes are pure computation. */
const IMPURE_MODULES =
  /^(node:)?(fs|net|http|https|http2|dns|child_process|worker_threads|os|process|timers|readline|cluster|dgram|tls)(\/|$)/

/** Why an import is not allowed, or undefined when it is. `file` is relative to the workspace's `src`. */
export function refuseImport(from: string, file: string, to: string): string | undefined {
  const kind = KINDS[from]
  if (kind === undefined) return `workspace \`${from}\` has no kind in tools/check-imports.ts`
  const isTest = /\.(test|contract)\.ts$/.test(file) || file.startsWith(`contract${sep}`)
  if (!to.startsWith('@sluice/')) {
    if ((kind === 'pure' || kind === 'contracts') && !isTest && IMPURE_MODULES.test(to)) {
      return `a pure package does no I/O; move what needs \`${to}\` into an adapter`
    }
    return undefined
  }
  const target = to.split('/')[1]!
  const targetKind = KINDS[target]
  if (targetKind === undefined) return `\`${to}\` is no workspace`
  if (target === from) return 'import files of the same package by a relative path'
  if (targetKind === 'testing') return isTest ? undefined : 'only tests may use the testing package'
  switch (kind) {
    case 'contracts':
      return 'contracts depends on nothing'
    case 'pure':
      if (targetKind === 'contracts' || PURE_DOWNWARDS[from]?.includes(target)) return undefined
      return `a pure package may import contracts${PURE_DOWNWARDS[from] ? `, ${PURE_DOWNWARDS[from].join(', ')}` : ''} and nothing else of ours`
    case 'stream':
      return targetKind === 'contracts' ? undefined : 'stream may import contracts and nothing else of ours'
    case 'adapter':
      if (targetKind === 'contracts' || targetKind === 'stream' || PORT_OWNERS[from]?.includes(target)) return undefined
      return `an adapter may import contracts, stream and the owner of its port${PORT_OWNERS[from] ? ` (${PORT_OWNERS[from].join(', ')})` : ''}`
    case 'runtime':
    case 'testing':
      return targetKind === 'contracts' || targetKind === 'stream'
        ? undefined
        : `${kind} may import contracts and stream`
    case 'service':
      if (targetKind === 'service') return 'a service never imports a service'
      if (targetKind === 'cli') return 'a service never imports the CLI'
      if (targetKind === 'adapter' && file !== 'main.ts' && !isTest)
        return 'only main.ts of a service may import adapters; pass the port in'
      return undefined
    case 'cli':
      return undefined
  }
}

/** Imported module names with their lines: static, type-only, re-exports and dynamic imports of a literal. */
export function importsOf(source: string): { readonly name: string; readonly line: number }[] {
  const found: { name: string; line: number }[] = []
  const pattern =
    /(?:^|[\s;}])(?:import|export)\s[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]|(?:^|[\s;])import\s*['"]([^'"]+)['"]|\bimport\s*\(\s*['"]([^'"]+)['"]/g
  for (const match of source.matchAll(pattern)) {
    const name = (match[1] ?? match[2] ?? match[3])!
    const end = match.index + match[0].length
    found.push({ name, line: source.slice(0, end).split('\n').length })
  }
  return found
}

/** All violations of a repository, as printable lines. */
export function checkImports(root: string): readonly string[] {
  const violations: string[] = []
  for (const group of ['packages', 'services']) {
    for (const workspace of readdirSync(join(root, group))) {
      const src = join(root, group, workspace, 'src')
      if (!existsSync(src)) continue
      for (const path of readdirSync(src, { recursive: true, encoding: 'utf8' })) {
        if (!path.endsWith('.ts') && !path.endsWith('.tsx')) continue
        const file = join(src, path)
        for (const { name, line } of importsOf(readFileSync(file, 'utf8'))) {
          const why = name.startsWith('.')
            ? refuseRelative(src, dirname(file), name)
            : refuseImport(workspace, path, name)
          if (why !== undefined) violations.push(`${relative(root, file)}:${line}: \`${name}\`: ${why}`)
        }
      }
    }
  }
  return violations
}

function refuseRelative(src: string, dir: string, name: string): string | undefined {
  const target = resolve(dir, name)
  const owner = dirname(src)
  if (target.startsWith(owner + sep)) return undefined
  // Schemas and shared vectors belong to nobody and everybody.
  return /[\\/]schemas[\\/].+\.(avsc|json)$/.test(target) ? undefined : 'leaves the package; import it by its name'
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const violations = checkImports(resolve(dirname(fileURLToPath(import.meta.url)), '..'))
  for (const violation of violations) console.error(violation)
  console.log(violations.length === 0 ? 'imports: all follow the table' : `imports: ${violations.length} violation(s)`)
  process.exit(violations.length === 0 ? 0 : 1)
}
