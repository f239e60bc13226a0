import { stringify } from 'yaml'
import type { Picture } from './player/index.ts'

/** An EncryptionPolicy as its users write it. */
export function encryptionPolicy(name: string, spec: object): string {
  return stringify({
    apiVersion: 'wireproof.dev/v1alpha1',
    kind: 'EncryptionPolicy',
    metadata: { name },
    spec,
  })
}

/** The same for an audience, to which its indentation matters. */
export function policyPicture(policy: string): Picture {
  return () => policy.trimEnd().split('\n')
}
