import { stringify } from 'yaml'

/** An EncryptionPolicy as its users write it. */
export function encryptionPolicy(name: string, spec: object): string {
  return stringify({
    apiVersion: 'wireproof.dev/v1alpha1',
    kind: 'EncryptionPolicy',
    metadata: { name },
    spec,
  })
}
