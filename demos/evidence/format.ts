import type { Judgement, RunFacts } from '../proof/index.ts'
import type { Evidence } from './schema.ts'

export type { Associations, Evidence } from './schema.ts'

/** Raised when a reader of the old form would misunderstand the new. */
export const formatVersion = 4

export const file = {
  report: 'report.html',
  evidence: 'evidence.json',
  wire: 'wire.pcapng',
  opened: 'wire.opened.pcapng',
  pods: 'pods.pcapng',
  associations: 'sas.json',
  esp: 'wireshark/profiles/wireproof/esp_sa',
  preferences: 'wireshark/profiles/wireproof/preferences',
  junit: 'junit.xml',
  cast: 'session.cast',
  attestation: 'attestation.json',
  publicKey: 'attestation.pub',
} as const

/** Files that hold keys of the lab. No other file of a bundle may. */
export const secretFiles: readonly string[] = [file.opened, file.associations, file.esp]

export function evidenceFacts(evidence: Evidence): RunFacts {
  const { demo, cluster, kernel, versions, nodes, pods, played } = evidence
  return { demo, cluster, kernel, versions, nodes, pods, arms: played }
}

export function claimedJudgement({ verdict, says, arms, checks }: Evidence): Judgement {
  return { verdict, says, arms, checks }
}
