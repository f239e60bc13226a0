import { parseAllDocuments } from 'yaml'
import { parseEncryptionPolicies } from '../../agent/scope/parse.ts'
import type { KubernetesObject } from '../../deploy/kubernetes/object.ts'

export type EncryptionPolicyObject = KubernetesObject

/**
 * The EncryptionPolicies in a text of YAML.
 *
 * @throws where an agent would not understand it.
 */
export function policiesIn(text: string): EncryptionPolicyObject[] {
  parseEncryptionPolicies(text)
  return parseAllDocuments(text)
    .map((document) => document.toJS() as EncryptionPolicyObject | null)
    .filter((object) => object !== null)
}
