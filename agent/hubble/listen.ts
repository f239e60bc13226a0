import { createServer, type Server as NetServer, type Socket } from 'node:net'
import type { ConnectionInjector } from '@grpc/grpc-js'
import type { Log } from '../log.ts'
import { listenPrivately } from '../private-socket.ts'
import { AgentProblem } from '../problem.ts'
import type { ObserverSource } from './source.ts'
import type { TlsFiles } from './tls.ts'

/** Where the Hubble API is served. */
export interface Listener {
  /** Over TCP: the port that was had, for one that was asked for as 0. */
  readonly port?: number
  close(): void
}

/** Serves it on a Unix socket that only its owner can open. Resolves when it listens. */
export async function serveHubble(socketPath: string, source: ObserverSource, log: Log): Promise<Listener> {
  const server = lazily(() => injector(source), log)
  await listenPrivately(server, socketPath)
  return { close: () => server.close() }
}

/**
 * Serves it over TLS on TCP, with a client's certificate asked for where `tls.clientCa` is given.
 *
 * @throws AgentProblem when the address cannot be had.
 */
export async function serveHubbleTls(
  { host, port }: { readonly host: string; readonly port: number },
  tls: TlsFiles,
  source: ObserverSource,
  log: Log,
): Promise<Listener> {
  const server = lazily(() => injector(source, tls), log)
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const message = `Hubble cannot listen on ${host}:${port}: ${error.code ?? error.message}`
      reject(new AgentProblem('EHUBBLE', 4, message, 'Give another address as --hubble-listen.'))
    })
    server.listen(port, host, resolve)
  })
  return { port: (server.address() as { port: number }).port, close: () => server.close() }
}

/** Hands connections on. What they are handed to is loaded when the first one comes: most agents are never asked. */
function lazily(load: () => Promise<ConnectionInjector>, log: Log): NetServer {
  let loaded: Promise<ConnectionInjector> | undefined
  return createServer({ pauseOnConnect: true }, (socket: Socket) => {
    // Clients come and go as they like, also before there is anybody to notice.
    socket.on('error', () => {})
    loaded ??= load()
    loaded.then(
      (connections) => {
        connections.injectConnection(socket)
        socket.resume()
      },
      (error: Error) => {
        log('error', 'hubble-failed', { message: error.message })
        socket.destroy()
      },
    )
  })
}

async function injector(source: ObserverSource, tls?: TlsFiles): Promise<ConnectionInjector> {
  const [{ ServerCredentials }, { createHubbleServer }] = await Promise.all([
    import('@grpc/grpc-js'),
    import('./server.ts'),
  ])
  const credentials = tls
    ? ServerCredentials.createSsl(
        tls.clientCa ?? null,
        [{ cert_chain: tls.certificate, private_key: tls.key }],
        tls.clientCa !== undefined,
      )
    : ServerCredentials.createInsecure()
  return createHubbleServer(source).createConnectionInjector(credentials)
}
