import { parse, parseAllDocuments } from 'yaml'
import { type Check, isObject, show, text } from './check.ts'

/** What kind gives kubeadm. A patch for anything else would be left out without a word. */
export const kubeadmObjects = [
  'ClusterConfiguration',
  'InitConfiguration',
  'JoinConfiguration',
  'KubeletConfiguration',
  'KubeProxyConfiguration',
] as const

const operations = ['add', 'remove', 'replace', 'move', 'copy', 'test']

/** A merge patch in YAML for one of {@link kubeadmObjects}. */
export const kubeadmPatch: Check = (value, path, problems) => {
  if (typeof value !== 'string') return text()(value, path, problems)
  const documents = parseAllDocuments(value)
  if (documents.length === 0) {
    problems.add(path, 'is empty; a patch is an object with the kind that it is for')
    return
  }
  for (const document of documents) {
    const [error] = document.errors
    if (error) {
      problems.add(path, `is not YAML: ${firstLine(error.message)}`)
      return
    }
    const patch: unknown = document.toJS()
    if (!isObject(patch)) problems.add(path, `must hold an object in YAML, and holds ${show(patch)}`)
    else checkKind(patch.kind, path, problems)
  }
}

/** @param kind what a patch says it is for. */
export const checkKind: Check = (kind, path, problems) => {
  if (typeof kind !== 'string' || !(kubeadmObjects as readonly string[]).includes(kind))
    problems.addWithAllowed(
      path,
      kind === undefined
        ? 'has no kind, and would be left out'
        : `kind ${show(kind)} is not one that kind writes`,
      kubeadmObjects,
    )
}

/** A list of RFC 6902 operations in JSON or YAML. */
export const jsonPatch: Check = (value, path, problems) => {
  if (typeof value !== 'string') return text()(value, path, problems)
  let patch: unknown
  try {
    patch = parse(value)
  } catch (error) {
    problems.add(path, `is neither JSON nor YAML: ${firstLine((error as Error).message)}`)
    return
  }
  if (!Array.isArray(patch)) {
    problems.add(path, `must hold a list of operations (RFC 6902), and holds ${show(patch ?? null)}`)
    return
  }
  patch.forEach((operation: unknown, index) => {
    const where = `${path}: operation ${index}`
    if (!isObject(operation)) problems.add(where, `must be an object, and is ${show(operation)}`)
    else checkOperation(operation, where, problems)
  })
}

const checkOperation: Check = (value, where, problems) => {
  const { op, path, from } = value as Record<string, unknown>
  if (typeof op !== 'string' || !operations.includes(op)) {
    problems.addWithAllowed(`${where}: op`, `${show(op ?? null)} is not allowed`, operations)
    return
  }
  if (!isPointer(path))
    problems.add(`${where}: path`, `must be empty or begin with "/", and is ${show(path ?? null)}`)
  if ((op === 'move' || op === 'copy') && !isPointer(from))
    problems.add(`${where}: from`, `must be empty or begin with "/", and is ${show(from ?? null)}`)
  if ((op === 'add' || op === 'replace' || op === 'test') && !Object.hasOwn(value as object, 'value'))
    problems.add(`${where}: value`, `is missing; ${op} requires it`)
}

function isPointer(value: unknown): boolean {
  return typeof value === 'string' && (value === '' || value.startsWith('/'))
}

function firstLine(message: string): string {
  return (message.split('\n', 1)[0] ?? '').replace(/:$/, '')
}
