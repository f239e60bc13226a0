import { flushCompileCache } from 'node:module'
import type { ObserverSource } from './hubble/source.ts'
import { type Log, logTo } from './log.ts'
import { keepMemorySmall } from './memory.ts'
import { type Options, parseOptions } from './options.ts'
import { AgentProblem } from './problem.ts'

/**
 * The encrypting agent of one node. It runs in the node's network namespace, with CAP_NET_ADMIN and CAP_BPF. When it
 * ends, however it ends, what it has put into the kernel stays in force.
 */
async function main(options: Options, log: Log): Promise<void> {
  if (options.cleanup) {
    const { cleanUp } = await import('./kernel/clean-up.ts')
    cleanUp(options.wire)
    return
  }
  const [{ Agent }, { serve }] = await Promise.all([import('./agent.ts'), import('./monitor/server.ts')])
  const serveHubble = await prepareHubble(options, log)
  keepMemorySmall()
  const agent = new Agent(options, log)
  agent.start()
  await serveHubble(agent)
  await serve(options.socket, agent)
  if (options.metrics) {
    const { serveMetrics } = await import('./metrics/server.ts')
    await serveMetrics(options.metrics, agent)
  }
  log('info', 'ready', { pid: process.pid, milliseconds: Math.round(performance.now()) })
  // Where NODE_COMPILE_CACHE names a directory, the next start is three times as fast; node itself writes it only at exit.
  flushCompileCache()
}

/** Finds out what is wrong with the files before anything is in force. Without Hubble nothing of it is loaded. */
async function prepareHubble(
  { hubble, hubbleTls }: Options,
  log: Log,
): Promise<(source: ObserverSource) => Promise<void>> {
  if (hubble === undefined && hubbleTls === undefined) return async () => {}
  const { serveHubble, serveHubbleTls } = await import('./hubble/listen.ts')
  const files = hubbleTls && (await import('./hubble/tls.ts')).readTls(hubbleTls)
  return async (source) => {
    if (hubble !== undefined) await serveHubble(hubble, source, log)
    if (hubbleTls && files) await serveHubbleTls(hubbleTls, files, source, log)
  }
}

/** What a person can act on is said in two sentences; what nobody foresaw keeps its stack. */
function fail(log: Log, error: unknown): void {
  if (error instanceof AgentProblem) {
    const { code, message, remedy, exitCode } = error
    log('error', 'cannot-go-on', { code, message, remedy })
    process.exitCode = exitCode
    return
  }
  log('error', 'broke', { message: (error as Error).message, stack: (error as Error).stack })
  process.exitCode = 4
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => process.exit(0))

let log = logTo(process.stderr, '-')
try {
  const options = parseOptions(process.argv.slice(2))
  log = logTo(process.stderr, options.node)
  await main(options, log)
} catch (error) {
  fail(log, error)
  // Watches that are already set up must not keep a failed agent alive.
  process.exit()
}
