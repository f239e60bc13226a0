import { parseAllDocuments } from 'yaml'
import { parsePolicies } from '../../agent/policy/parse.ts'
import { parseEncryptionPolicies } from '../../agent/scope/parse.ts'
import { Problem } from '../../lab/problem.ts'

/** The policies of a file, by what they are about; each as YAML of its own, empty where there are none. */
export interface Policies {
  readonly network: string
  readonly encryption: string
  readonly counts: { readonly network: number; readonly encryption: number }
}

/**
 * Sorts the documents of a file, and understands each as an agent would, so that nothing is changed for one that is wrong.
 *
 * @throws Problem `EPOLICY`
 */
export function sortPolicies(file: string, text: string): Policies {
  try {
    const network = documentsOf(text, 'NetworkPolicy')
    const encryption = documentsOf(text, 'EncryptionPolicy')
    return {
      network,
      encryption,
      counts: {
        network: parsePolicies(network).length,
        encryption: parseEncryptionPolicies(encryption).length,
      },
    }
  } catch (error) {
    const remedy = 'Mend it: docs/policy.md, docs/encryption-policy.md. Nothing has been changed.'
    throw new Problem('EPOLICY', 2, `${file} is not understood: ${(error as Error).message}`, remedy)
  }
}

const kinds = ['NetworkPolicy', 'EncryptionPolicy']

function documentsOf(text: string, wanted: string): string {
  const documents = [...parseAllDocuments(text, { uniqueKeys: true, logLevel: 'error' })]
  return documents
    .filter((document, index) => {
      const [mistake] = document.errors
      if (mistake) throw new Error(mistake.message.split('\n')[0]!.replace(/:$/, ''))
      const content = document.toJS()
      if (content === null || content === undefined) return false
      const kind = content.kind
      if (!kinds.includes(kind))
        throw new Error(`document ${index + 1}: kind must be one of ${kinds.join(', ')}`)
      return kind === wanted
    })
    .map((document) => document.toString({ directives: false }))
    .join('---\n')
}
