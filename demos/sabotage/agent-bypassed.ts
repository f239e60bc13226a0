import type { Sabotage } from './sabotage.ts'

/** A second cable leads from the pod straight to the wire, and its routes to other nodes' pods lead there. */
export const agentBypassed: Sabotage = {
  kind: 'agent-bypassed',
  concerns: 'pod',
  title: ({ pods }) =>
    `A second cable leads from pod ${pods.map(({ name }) => name).join(', ')} around the agent`,
  async commit({ lab, target: { pods } }) {
    const cables = await Promise.all(pods.map(({ name }) => lab.plugIntoWire(name)))
    return async () => {
      for (const cable of cables) await cable.unplug()
    }
  },
}
