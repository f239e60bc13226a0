import { parseAllDocuments } from 'yaml'
import { Malformed } from '../cluster/parse.ts'
import { fieldsOf, isPresent, oneOf, type Path, textOf, wrong } from './fields.ts'

const objectName = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/

/** A document that says of what kind it is, as all of Kubernetes do. */
export interface Document {
  /** What paths into it begin with: nothing where it is the only one of its file. */
  readonly path: Path
  readonly metadata: Readonly<Record<string, unknown>>
  readonly spec: unknown
}

/**
 * Understands a file of YAML documents of one kind.
 *
 * @throws Malformed with the place and what is allowed there.
 */
export function documentsOf(text: unknown, apiVersion: string, kind: string): Document[] {
  const documents = parseAllDocuments(text as string, { uniqueKeys: true, logLevel: 'error' })
  const several = documents.length > 1
  return [...documents].flatMap((document, index) => {
    const [mistake] = document.errors
    if (mistake) throw new Malformed(mistake.message.split('\n')[0]!.replace(/:$/, ''))
    const value = contentOf(document)
    // Nothing between two separators.
    if (value === null || value === undefined) return []
    const path = several ? `document ${index + 1}: ` : ''
    const known = ['apiVersion', 'kind', 'metadata', 'spec', 'status']
    const fields = fieldsOf(several ? path.slice(0, -2) : 'the document', value, known)
    oneOf(`${path}apiVersion`, fields.apiVersion, [apiVersion])
    oneOf(`${path}kind`, fields.kind, [kind])
    const { metadata } = fields
    if (typeof metadata !== 'object' || metadata === null)
      throw wrong(`${path}metadata`, 'must be an object with a name')
    return [{ path, metadata: metadata as Document['metadata'], spec: fields.spec ?? {} }]
  })
}

/** Aliases that unfold to more than anyone would write are refused by the library. */
function contentOf(document: { toJS(): unknown }): unknown {
  try {
    return document.toJS()
  } catch (error) {
    throw new Malformed((error as Error).message)
  }
}

export function parseObjectName(path: Path, value: unknown): string {
  const name = textOf(path, value)
  if (!objectName.test(name)) throw wrong(path, 'must consist of lower case letters, digits, - and .')
  return name
}

/** @returns `otherwise` where there is no name. */
export function parseObjectNameOr<Otherwise>(
  path: Path,
  value: unknown,
  otherwise: Otherwise,
): string | Otherwise {
  return isPresent(value) ? parseObjectName(path, value) : otherwise
}

/** @param names of all objects of a file. @throws Malformed naming one that is there twice. */
export function refuseTwins(kind: string, names: readonly string[]): void {
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw new Malformed(`${kind} ${twice} is there twice`)
}
