import { type FeatureSpec, sourcePath } from './feature-spec.ts'

/** Event fields that features read, as a tree: `customer.age` is the child `age` of the child `customer` of the root. */
export interface SourceNode {
  /** Position in the order of creation; the root is 0. */
  readonly id: number
  /** Dotted path from the root; empty for the root. */
  readonly path: string
  readonly children: ReadonlyMap<string, SourceNode>
  /** Columns that read this very field. */
  readonly columns: readonly number[]
}

interface GrowingNode extends SourceNode {
  readonly children: Map<string, GrowingNode>
  readonly columns: number[]
}

export interface SourceTree {
  readonly root: SourceNode
  /** All nodes by id. */
  readonly nodes: readonly SourceNode[]
}

export function buildSourceTree(features: readonly FeatureSpec[]): SourceTree {
  const nodes: GrowingNode[] = []
  const grow = (path: string): GrowingNode => {
    const node: GrowingNode = { id: nodes.length, path, children: new Map(), columns: [] }
    nodes.push(node)
    return node
  }
  const root = grow('')
  features.forEach((feature, column) => {
    let node = root
    for (const part of sourcePath(feature)) {
      let child = node.children.get(part)
      if (child === undefined) {
        child = grow(node.path === '' ? part : `${node.path}.${part}`)
        node.children.set(part, child)
      }
      node = child
    }
    node.columns.push(column)
  })
  return { root, nodes }
}

/** Columns of a node and of everything below it. */
export function columnsBelow(node: SourceNode): readonly number[] {
  const columns = [...node.columns]
  for (const child of node.children.values()) columns.push(...columnsBelow(child))
  return columns
}
