import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { platformConfig } from '@sluice/contracts'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { type Manifest, renderBase } from './render.ts'

const BASE = resolve(import.meta.dirname, 'base')
const ROOT = resolve(import.meta.dirname, '../..')
const manifests = renderBase(BASE)

/** Module and type of each kind in the published Kubernetes models. */
const TYPES: Readonly<Record<string, string>> = {
  'v1 Namespace': 'v1',
  'v1 ServiceAccount': 'v1',
  'v1 Service': 'v1',
  'v1 ConfigMap': 'v1',
  'apps/v1 Deployment': 'apps/v1',
  'policy/v1 PodDisruptionBudget': 'policy/v1',
  'autoscaling/v2 HorizontalPodAutoscaler': 'autoscaling/v2',
  'networking.k8s.io/v1 NetworkPolicy': 'networking.k8s.io/v1',
}

type Container = {
  name: string
  ports?: { name: string }[]
  securityContext?: {
    allowPrivilegeEscalation?: boolean
    readOnlyRootFilesystem?: boolean
    capabilities?: { drop?: string[] }
  }
  resources?: { requests?: Record<string, string>; limits?: Record<string, string> }
  [probe: string]: unknown
}
type PodSpec = {
  securityContext?: { runAsNonRoot?: boolean; seccompProfile?: { type?: string } }
  serviceAccountName: string
  automountServiceAccountToken?: boolean
  containers: Container[]
  initContainers?: Container[]
}
const podSpec = (m: Manifest): PodSpec => (m['spec'] as { template: { spec: PodSpec } }).template.spec
const deployments = manifests.filter((m) => m.kind === 'Deployment')
const named = (m: Manifest): string => `${m.kind} ${m.metadata.name}`

test.each(manifests.map((m) => [named(m), m] as const))(
  '%s validates against the Kubernetes schema',
  async (_name, manifest) => {
    const module = TYPES[`${manifest.apiVersion} ${manifest.kind}`]
    expect(module, 'a kind that this test does not know').toBeDefined()
    const models = (await import(
      /* @vite-ignore */ join(ROOT, 'node_modules/kubernetes-models', module!, `${manifest.kind}.js`)
    )) as Record<string, new (data: unknown) => { validate(): void }>
    new models[manifest.kind]!(manifest).validate()
  },
)

test('no manifest has a field that Kubernetes does not know', () => {
  // The compiler's check for excess properties sees what a schema validator lets pass.
  const dir = mkdtempSync(join(ROOT, 'deploy/k8s/.check-'))
  try {
    const lines = manifests.map((m, i) => {
      const module = TYPES[`${m.apiVersion} ${m.kind}`]
      return `import type { I${m.kind} as T${i} } from 'kubernetes-models/${module}/${m.kind}'\nexport const m${i}: T${i} = ${JSON.stringify(m)}`
    })
    const file = join(dir, 'manifests.ts')
    const tsc = (): string => {
      try {
        execFileSync(join(ROOT, 'node_modules/.bin/tsc'), [
          '--noEmit',
          '--ignoreConfig',
          '--strict',
          '--skipLibCheck',
          '--module',
          'nodenext',
          '--types',
          '',
          file,
        ])
        return ''
      } catch (error) {
        return String((error as { stdout: Buffer }).stdout)
      }
    }
    writeFileSync(file, lines.join('\n'))
    expect(tsc()).toBe('')
    writeFileSync(file, lines.join('\n').replace('"maxUnavailable"', '"maxUnavailabel"'))
    expect(tsc()).toContain('maxUnavailabel')
  } finally {
    rmSync(dir, { recursive: true })
  }
})

test.each(deployments.map((m) => [named(m), m] as const))(
  '%s runs under Pod Security "restricted" with probes and limits',
  (_name, deployment) => {
    const pod = podSpec(deployment)
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } })
    expect(pod.automountServiceAccountToken).toBe(false)
    for (const container of [...pod.containers, ...(pod.initContainers ?? [])]) {
      expect(container.securityContext, container.name).toMatchObject({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      })
      expect(container.resources?.limits?.['memory'], container.name).toBeDefined()
      expect(container.resources?.requests?.['memory'], container.name).toBe(container.resources?.limits?.['memory'])
      expect(container.resources?.requests?.['cpu'], container.name).toBeDefined()
    }
    for (const container of pod.containers) {
      for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe']) {
        const { httpGet } = container[probe] as { httpGet: { port: string } }
        expect(
          container.ports?.map((p) => p.name),
          probe,
        ).toContain(httpGet.port)
      }
    }
    expect(manifests.some((m) => m.kind === 'ServiceAccount' && m.metadata.name === pod.serviceAccountName)).toBe(true)
  },
)

test('autoscalers and disruption budgets point at deployments that exist, and never beyond the partitions', () => {
  const config = parse(readFileSync(join(BASE, 'sluice.yaml'), 'utf8')) as {
    endpoints: { churn: { partitions: number } }
  }
  for (const m of manifests.filter((x) => x.kind === 'HorizontalPodAutoscaler')) {
    const spec = m['spec'] as { scaleTargetRef: { name: string }; maxReplicas: number }
    expect(deployments.map((d) => d.metadata.name)).toContain(spec.scaleTargetRef.name)
    expect(spec.maxReplicas).toBeLessThanOrEqual(config.endpoints.churn.partitions)
  }
  for (const m of manifests.filter((x) => x.kind === 'PodDisruptionBudget')) {
    const { selector } = m['spec'] as { selector: { matchLabels: Record<string, string> } }
    expect(deployments.map((d) => d.metadata.name)).toContain(selector.matchLabels['app.kubernetes.io/name'])
  }
})

test('every variant of the configuration has a scorer, and the configuration is a valid one', () => {
  const configMap = manifests.find((m) => m.kind === 'ConfigMap')!
  const config = platformConfig.parse(parse((configMap['data'] as Record<string, string>)['sluice.yaml']!))
  for (const [endpoint, { variants, shadows }] of Object.entries(config.endpoints)) {
    for (const { version } of [...variants, ...shadows]) {
      const scorer = deployments.find((d) => d.metadata.name === `scorer-${endpoint}-v${version}`)
      expect(scorer, `scorer-${endpoint}-v${version}`).toBeDefined()
      const { args } = podSpec(scorer!).containers[0] as unknown as { args: string[] }
      expect(args).toEqual([
        '--config',
        '/etc/sluice/sluice.yaml',
        '--endpoint',
        endpoint,
        '--version',
        String(version),
      ])
    }
  }
})

test('the event schema of the base is the one of the example', () => {
  const example = readFileSync(join(ROOT, 'examples/churn/customer-event.avsc'), 'utf8')
  expect(readFileSync(join(BASE, 'customer-event.avsc'), 'utf8')).toBe(example)
})
