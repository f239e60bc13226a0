import type { AgentReport } from '../cluster-provider/agent-reports.ts'

/** What has to be said when agents do not encrypt although they were asked to; undefined when all do, or were not. */
export function warningOf(agents: readonly AgentReport[] | undefined): string | undefined {
  const without = (agents ?? []).filter(({ reason }) => reason === 'NoESP')
  if (without.length === 0) return undefined
  const which = without.map(({ node }) => node).join(', ')
  return (
    `NOTHING IS ENCRYPTED on ${which}: the kernel has no ESP. What is protected is dropped there, ` +
    'unless wireproof:strict or wireproof:enableEncryptL3 is false, and then it crosses in clear.'
  )
}
