import protobuf from 'protobufjs'
import { invalid } from './refusal.ts'

/** Paths to keep, as a tree; a leaf keeps everything below it. */
interface Tree {
  [name: string]: Tree | undefined
}

/**
 * What keeps of a message only the fields that google.protobuf.FieldMask names, such as `source.pod_name`; everything
 * where it names none.
 *
 * @throws Refusal naming a path that a message of this type has not.
 */
export function parseFieldMask(type: protobuf.Type, paths: readonly string[]): (message: object) => object {
  if (paths.length === 0) return (message) => message
  const tree: Tree = {}
  for (const path of paths) add(tree, type, path)
  return (message) => keep(message, tree)
}

function add(tree: Tree, type: protobuf.Type, path: string): void {
  let below: Tree = tree
  let of: protobuf.Type | protobuf.Enum | null = type
  const names = path.split('.')
  for (const [index, name] of names.entries()) {
    if (!(of instanceof protobuf.Type && Object.hasOwn(of.fields, name)))
      throw invalid(`${JSON.stringify(path)} is no field of a flow`)
    of = of.fields[name]!.resolvedType
    const known = below[name]
    // All below it is kept already.
    if (known && isLeaf(known)) return
    const next: Tree = index === names.length - 1 ? {} : (known ?? {})
    below[name] = next
    below = next
  }
}

function keep(message: object, tree: Tree): object {
  return Object.fromEntries(
    Object.entries(message).flatMap(([name, value]) => {
      const below = tree[name]
      if (below === undefined) return []
      return [[name, isLeaf(below) ? value : keep(value, below)]]
    }),
  )
}

function isLeaf(tree: Tree): boolean {
  return Object.keys(tree).length === 0
}
