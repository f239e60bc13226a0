import { fileURLToPath } from 'node:url'
import { log, secret } from '@pulumi/pulumi'
import { EncryptedCluster } from '../cluster/encrypted-cluster.ts'
import type { Get } from '../configuration.ts'
import { readCredentials } from './credentials.ts'
import { addressesByOf, podRangesOf } from './facts.ts'
import { gatherFacts } from './gather.ts'
import { nextSteps } from './next-steps.ts'
import { refusalOf, warningsOf } from './objections.ts'
import { readExistingSettings } from './settings.ts'

// Pulumi runs the program in its own directory, and paths in the configuration are seen from the project's.
const root = fileURLToPath(new URL('../..', import.meta.url))

/** The stack `existing`: a cluster that others made and others use. It is looked at first, in a preview too. */
export async function program(get: Get) {
  const settings = readExistingSettings(get, root)
  const { images, network, wire, flags } = settings
  const { config, context, kubeconfig } = readCredentials(
    { file: settings.kubeconfig, context: settings.context },
    root,
  )
  const facts = await gatherFacts(config)
  const refusal = refusalOf(facts, settings)
  if (refusal) throw refusal
  for (const warning of warningsOf(facts, settings)) await log.warn(warning)
  const encrypted = new EncryptedCluster('encrypted', {
    access: { kubeconfig: secret(kubeconfig), identifier: facts.identifier },
    images: { agent: { name: images.agent }, workload: { name: images.workload } },
    place: {
      routing: network === 'ours' ? 'native' : 'given',
      clusterCidrs: settings.podRanges ?? podRangesOf(facts),
      wire,
      isNetwork: network === 'ours',
      addresses: addressesByOf(facts),
    },
    flags,
    readiness: { refuses: settings.withoutEsp === 'refuse' },
    vantage: { kind: 'node', device: wire },
  })
  return {
    cluster: context,
    nodes: facts.nodes.map(({ name, kernel }) => ({ name, kernel })),
    agents: encrypted.agents,
    wire: encrypted.wire,
    next: encrypted.wire.apply((view) => nextSteps(context, view)),
  }
}
