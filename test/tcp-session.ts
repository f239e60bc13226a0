import type { ChildProcess } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import type { AgentCluster } from './agent-cluster.ts'

const echo = `
  const port = Number(process.argv[1])
  require('node:net').createServer((socket) => {
    socket.on('error', () => {})
    socket.pipe(socket)
  }).listen(port, () => console.log('ready'))`

const talk = `
  const [host, port] = process.argv.slice(1)
  const socket = require('node:net').connect(Number(port), host)
  socket.on('error', (error) => console.log(error.code))
  socket.on('connect', () => {
    console.log('connected')
    setInterval(() => socket.write('.'), 50)
  })
  socket.on('data', (data) => console.log(String(data.length)))`

/** Answers on a TCP port of a pod; resolves when it listens. */
export async function serveEcho(
  cluster: AgentCluster,
  pod: number | string,
  port: number,
): Promise<ChildProcess> {
  const child = cluster.spawn(typeof pod === 'number' ? `p${pod}` : pod, [
    process.execPath,
    '-e',
    echo,
    `${port}`,
  ])
  await new Promise((resolve) => child.stdout!.once('data', resolve))
  return child
}

/** A TCP session between pods in which something is said, and answered, all the time. */
export class TcpSession implements Disposable {
  connected = false
  /** Bytes that came back. */
  answered = 0
  readonly #child: ChildProcess

  /** @param from a pod, or any namespace of the cluster. @param to a pod, or any address. */
  constructor(cluster: AgentCluster, from: number | string, to: number | string, port: number) {
    const address = typeof to === 'number' ? cluster.podAddress(to) : to
    const argv = [process.execPath, '-e', talk, address, `${port}`]
    this.#child = cluster.spawn(typeof from === 'number' ? `p${from}` : from, argv)
    this.#child.stdout!.on('data', (chunk) => {
      for (const line of `${chunk}`.trim().split('\n'))
        if (line === 'connected') this.connected = true
        else this.answered += Number(line) || 0
    })
  }

  /** Resolves when more has come back than until now; false after so many milliseconds. */
  async goesOn(patience = 15_000): Promise<boolean> {
    const before = this.answered
    for (const end = performance.now() + patience; performance.now() < end; await delay(20))
      if (this.answered > before) return true
    return false
  }

  /** Whether nothing comes back for so many milliseconds, once what was under way has arrived. */
  async standsStill(milliseconds = 1000): Promise<boolean> {
    await delay(300)
    return !(await this.goesOn(milliseconds))
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL')
  }
}
