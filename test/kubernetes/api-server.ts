import { type ChildProcess, spawn } from 'node:child_process'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { KubeConfig } from '@kubernetes/client-node'
import { ApiServer } from '../../agent/kubernetes/api-server.ts'

/** Upstream's own programs, with nothing between. */
export interface ControlPlane {
  readonly server: ApiServer
  readonly kubeconfig: string
  /** Ends the API server as a crash would; etcd goes on. */
  crash(): Promise<void>
  /** Starts it again, on the same port. */
  recover(): Promise<void>
  stop(): Promise<void>
}

const startDeadlineMs = 120_000

/** @returns the names of those that are not on PATH. */
export function missingPrograms(): string[] {
  const directories = (process.env.PATH ?? '').split(delimiter)
  return ['etcd', 'kube-apiserver', 'kubectl'].filter(
    (program) => !directories.some((directory) => existsSync(join(directory, program))),
  )
}

/** Starts etcd and kube-apiserver on free ports of this machine, with an administrator. */
export async function startControlPlane(): Promise<ControlPlane> {
  const directory = mkdtempSync(join(tmpdir(), 'wireproof-control-plane-'))
  const at = (name: string) => join(directory, name)
  const [clients, peers, port] = await Promise.all([freePort(), freePort(), freePort()])
  const token = randomBytes(16).toString('hex')
  const keys = generateKeyPairSync('rsa', { modulusLength: 2048 })
  writeFileSync(at('service-accounts.key'), keys.privateKey.export({ type: 'pkcs1', format: 'pem' }), {
    mode: 0o600,
  })
  writeFileSync(at('service-accounts.pub'), keys.publicKey.export({ type: 'spki', format: 'pem' }))
  writeFileSync(at('tokens.csv'), `${token},admin,admin,system:masters\n`, { mode: 0o600 })
  const url = (number: number) => `http://127.0.0.1:${number}`
  const etcd = start(at('etcd.log'), 'etcd', [
    `--data-dir=${at('etcd')}`,
    `--listen-client-urls=${url(clients)}`,
    `--advertise-client-urls=${url(clients)}`,
    `--listen-peer-urls=${url(peers)}`,
    `--initial-advertise-peer-urls=${url(peers)}`,
    `--initial-cluster=default=${url(peers)}`,
  ])
  const startServer = () =>
    start(at('kube-apiserver.log'), 'kube-apiserver', [
      `--etcd-servers=${url(clients)}`,
      '--bind-address=127.0.0.1',
      `--secure-port=${port}`,
      `--cert-dir=${at('certificates')}`,
      `--token-auth-file=${at('tokens.csv')}`,
      '--authorization-mode=Node,RBAC',
      '--service-cluster-ip-range=10.96.0.0/16',
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-signing-key-file=${at('service-accounts.key')}`,
      `--service-account-key-file=${at('service-accounts.pub')}`,
      // There is no controller that would make service accounts for pods.
      '--disable-admission-plugins=ServiceAccount',
    ])
  const kubeconfig = at('kubeconfig')
  const config = new KubeConfig()
  const cluster = { name: 'test', server: `https://127.0.0.1:${port}`, skipTLSVerify: true }
  config.loadFromClusterAndUser(cluster, { name: 'admin', token })
  writeFileSync(kubeconfig, config.exportConfig(), { mode: 0o600 })
  const server = new ApiServer(config)
  let running = startServer()
  await answering(server, at('kube-apiserver.log'))
  return {
    server,
    kubeconfig,
    crash: () => end(running, 'SIGKILL'),
    async recover() {
      running = startServer()
      await answering(server, at('kube-apiserver.log'))
    },
    async stop() {
      await end(running, 'SIGKILL')
      await end(etcd, 'SIGKILL')
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

function start(log: string, program: string, argv: readonly string[]): ChildProcess {
  const output = openSync(log, 'a')
  return spawn(program, argv, { stdio: ['ignore', output, output] })
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill(signal)
  await ended
}

async function answering(server: ApiServer, log: string): Promise<void> {
  for (const deadline = Date.now() + startDeadlineMs; ; await sleep(200))
    try {
      await server.get('/api/v1/namespaces/kube-system')
      return
    } catch (error) {
      if (Date.now() > deadline)
        throw new Error(`kube-apiserver does not answer: ${readFileSync(log, 'utf8').slice(-2000)}`, {
          cause: error,
        })
    }
}

function freePort(): Promise<number> {
  const probe = createServer()
  return new Promise((resolve, reject) => {
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number }
      probe.close(() => resolve(port))
    })
  })
}
