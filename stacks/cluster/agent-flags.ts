import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { scopeManifest } from '../../deploy/kubernetes/manifests.ts'
import { type SuiteName, suiteNames } from '../../lab/suites.ts'
import { flag, type Get, oneOf, wholeNumber } from '../configuration.ts'
import { type EncryptionPolicyObject, policiesIn } from './scope.ts'

/** What a stack's configuration says of its agents: their flags, by the same names. */
export interface AgentFlags {
  readonly encryptL3: boolean
  /** Whether what is protected and cannot be encrypted is dropped. */
  readonly strict: boolean
  readonly suite: SuiteName
  /** Another number is another cluster key. */
  readonly keyGeneration: number
  /** What is encrypted, where that is not all that pods send between nodes. */
  readonly scope: readonly EncryptionPolicyObject[]
}

/** @param directory what the path of a policy's file is relative to. */
export function readAgentFlags(get: Get, directory: string, mistakes: string[]): AgentFlags {
  if (flag('enableEncryptL7', get('enableEncryptL7'), false, mistakes))
    mistakes.push(
      'wireproof:enableEncryptL7 must be false: agents encrypt packets, and nothing above them yet',
    )
  return {
    encryptL3: flag('enableEncryptL3', get('enableEncryptL3'), true, mistakes),
    strict: flag('strict', get('strict'), true, mistakes),
    suite: oneOf('suite', get('suite'), suiteNames, suiteNames[0], mistakes),
    keyGeneration: wholeNumber(
      'keyGeneration',
      get('keyGeneration'),
      { fallback: 1, least: 1, most: 1_000_000 },
      mistakes,
    ),
    scope: readScope(get('scope') ?? 'nodes', directory, mistakes),
  }
}

function readScope(scope: string, directory: string, mistakes: string[]): readonly EncryptionPolicyObject[] {
  if (scope === 'pods') return []
  if (scope === 'nodes') return [scopeManifest]
  const file = resolve(directory, scope)
  if (!existsSync(file)) {
    mistakes.push(
      `wireproof:scope must be pods, nodes, or a file with EncryptionPolicies; there is no file ${file}`,
    )
    return []
  }
  try {
    return policiesIn(readFileSync(file, 'utf8'))
  } catch (error) {
    mistakes.push(`wireproof:scope: ${file}: ${(error as Error).message}`)
    return []
  }
}
