import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { KubeConfig } from '@kubernetes/client-node'
import { AgentError, connectAgent } from '../client.ts'
import { type Log, logTo } from '../log.ts'
import { AgentProblem } from '../problem.ts'
import { ApiServer } from './api-server.ts'
import { mtuOf, writeNetworkConfiguration } from './cni.ts'
import { EventPublisher } from './event-publisher.ts'
import { type AddressesBy, addressesBy, Mirror } from './mirror.ts'
import { toldOf } from './node-status.ts'

const usage =
  'mirror --node <name> --cluster <directory> --socket <path> [--kubeconfig <file>] [--cni <directory> --wire <device>] [--addresses ranges|pods] [--once]'
/** How often, in milliseconds, the agent is asked how it is. */
const askInterval = 2000

interface Options {
  readonly node: string
  readonly cluster: string
  /** Of the agent's API. */
  readonly socket: string
  /** Of the cluster that this process runs in, when absent. */
  readonly kubeconfig: string | undefined
  /** Where the kubelet looks for how to plug pods in; it is told nothing, when absent. */
  readonly cni: string | undefined
  /** The device by which nodes reach each other: what fits through it decides what pods may send. */
  readonly wire: string
  readonly addresses: AddressesBy
  /** Ends when everything has been written once. */
  readonly once: boolean
}

/** @throws AgentProblem EUSAGE */
function parseOptions(args: readonly string[]): Options {
  const string = { type: 'string' } as const
  const options = {
    node: string,
    cluster: string,
    socket: string,
    kubeconfig: string,
    cni: string,
    wire: string,
    addresses: string,
    once: { type: 'boolean' },
  } as const
  try {
    const {
      node,
      cluster,
      socket,
      kubeconfig,
      cni,
      wire = 'eth0',
      addresses: by = 'ranges',
      once = false,
    } = parseArgs({ args: [...args], options }).values
    if (!node || !cluster || !socket) throw new Error('--node, --cluster and --socket are needed')
    const addresses = addressesBy.find((each) => each === by)
    if (!addresses) throw new Error(`--addresses is ${addressesBy.join(' or ')}`)
    return { node, cluster, socket, kubeconfig, cni, wire, addresses, once }
  } catch (error) {
    throw new AgentProblem('EUSAGE', 2, (error as Error).message, `Usage: ${usage}`)
  }
}

/**
 * Keeps an agent's cluster store what the API server says, and publishes what the agent says: apart from the agent, so that
 * whoever may change the kernel has no credentials, and whoever has credentials may not change the kernel.
 */
async function main(
  { node, cluster, socket, kubeconfig, cni, wire, addresses, once }: Options,
  log: Log,
): Promise<void> {
  const config = new KubeConfig()
  if (kubeconfig === undefined) config.loadFromCluster()
  else config.loadFromFile(kubeconfig)
  const server = new ApiServer(config)
  const mirror = new Mirror(server, node, cluster, log, { addresses })
  await mirror.start()
  log('info', 'mirrored', { cluster })
  if (once) return mirror.close()
  const agent = connectAgent(socket)
  const events = new EventPublisher(server, node, log)
  for (;;) {
    const status = await agent.status().catch((error: unknown) => {
      if (error instanceof AgentError) return error.message
      throw error
    })
    if (cni !== undefined && typeof status !== 'string' && mirror.podCidrs.length > 0)
      writeNetworkConfiguration(cni, mirror.podCidrs, mtuOf(wire))
    if (mirror.own?.isFound) mirror.own.tell(toldOf(status, mirror.own.status, new Date().toISOString()))
    if (mirror.own?.isFound && typeof status !== 'string')
      await events.publish(status, mirror.own.ownUid, Date.now())
    await Promise.race([sleep(askInterval), mirror.failure])
  }
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => process.exit(0))

const log = logTo(process.stderr, '-')
try {
  await main(parseOptions(process.argv.slice(2)), log)
} catch (error) {
  const { code, message, remedy, exitCode = 4 } = error as AgentProblem
  log('error', 'cannot-go-on', { code, message, remedy })
  process.exit(exitCode)
}
