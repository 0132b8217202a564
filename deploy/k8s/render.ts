import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, parseAllDocuments } from 'yaml'

/** One Kubernetes object as parsed YAML. */
export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Readonly<Record<string, string>>
  }
  readonly [field: string]: unknown
}

interface Kustomization {
  readonly namespace: string
  readonly resources: readonly string[]
  readonly configMapGenerator: readonly { readonly name: string; readonly files: readonly string[] }[]
}

/** Kinds that live outside any namespace. */
const CLUSTER_KINDS = new Set(['Namespace'])

/**
 * Renders the parts of kustomize that the base uses (resources, namespace, config maps from files), so that tests can look
 * at what a cluster would get without a kustomize binary. Generated names carry no content hash here.
 */
export function renderBase(dir: string): readonly Manifest[] {
  const kustomization = parse(readFileSync(join(dir, 'kustomization.yaml'), 'utf8')) as Kustomization
  const manifests = kustomization.resources.flatMap((file) =>
    parseAllDocuments(readFileSync(join(dir, file), 'utf8')).map((document) => {
      if (document.errors.length > 0) throw new Error(`${file}: ${document.errors[0]!.message}`)
      return document.toJS() as Manifest
    }),
  )
  const configMaps = kustomization.configMapGenerator.map(({ name, files }) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name },
    data: Object.fromEntries(files.map((file) => [file, readFileSync(join(dir, file), 'utf8')])),
  }))
  return [...manifests, ...configMaps].map((m) =>
    CLUSTER_KINDS.has(m.kind) ? m : { ...m, metadata: { ...m.metadata, namespace: kustomization.namespace } },
  )
}
