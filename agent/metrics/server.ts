import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createServer } from '../http.ts'
import { answerProbe, type Served } from '../monitor/server.ts'
import { AgentProblem } from '../problem.ts'
import type { ListenAddress } from './listen-address.ts'

/**
 * Serves GET /metrics, /healthz and /readyz over TCP, and nothing that changes something or tells of pods.
 *
 * @throws AgentProblem where the address is not to be had.
 */
export async function serveMetrics({ host, port }: ListenAddress, agent: Served): Promise<Server> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://agent')
    answerProbe(agent, `${request.method} ${pathname}`, response)
      .then((isAnswered) => {
        if (!isAnswered) response.writeHead(404).end('There are /metrics, /healthz and /readyz.\n')
      })
      .catch((error: Error) => {
        if (response.headersSent) response.destroy(error)
        else response.writeHead(500).end(`${error.message}\n`)
      })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        new AgentProblem(
          'EMETRICS',
          4,
          `metrics cannot be served at ${host} port ${port}: ${error.code}`,
          'Give --metrics an address of this node and a port that is free.',
        ),
      ),
    )
    server.listen(port, host, resolve)
  })
  return server
}

/** Where it listens: the port that was had, for one that was asked for as 0. */
export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}
