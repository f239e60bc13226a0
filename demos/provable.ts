import type { Lab } from '../lab/lab.ts'
import { Problem } from '../lab/problem.ts'

/**
 * What makes every run in a cluster that somebody has made INCONCLUSIVE, whatever is sent: then none is begun.
 *
 * @throws Problem with that verdict and the reason.
 */
export async function assertProvable(lab: Pick<Lab, 'nodes' | 'status'>): Promise<void> {
  const nodes = await lab.nodes()
  if (nodes.length < 2)
    throw new Problem(
      'EWIRE',
      5,
      'INCONCLUSIVE: there is one node only, so nothing crosses a wire',
      'Take a lab with two nodes or more.',
    )
  for (const { name } of nodes) {
    const { obstacle } = await lab.status(name)
    if (obstacle !== undefined)
      throw new Problem(
        'ENOESP',
        3,
        `INCONCLUSIVE: node ${name} encrypts nothing, and holds back what is to be: ${obstacle}`,
        'Take nodes whose kernel has ESP; wireproof demo --kubernetes boots one where this machine’s has none.',
      )
  }
}
