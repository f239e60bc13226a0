import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { inNetworkNamespace } from '@wireproof/ffi'
import { strongswanRoot } from './packages.ts'

/** One end of a tunnel between two hosts, each with one address behind it. */
export interface TunnelEnd {
  /** Path of its network namespace. */
  readonly namespace: string
  readonly address: string
  readonly inside: string
}

const secret = 'a secret of two hosts in a test'
const plugins = 'aes sha2 hmac kdf random nonce openssl gcm kernel-netlink socket-default vici'

/** strongSwan's daemon at one end, with a mount namespace of its own in which it finds its files. */
export class Charon {
  readonly #directory = mkdtempSync(join(tmpdir(), 'wireproof-charon-'))
  readonly #end: TunnelEnd
  #daemon: ChildProcess | undefined
  #log = ''

  constructor(end: TunnelEnd, peer: TunnelEnd) {
    this.#end = end
    if (!existsSync(strongswanRoot))
      throw new Error('strongSwan is not there; fetch it: node test/strongswan/packages.ts')
    writeFileSync(join(this.#directory, 'strongswan.conf'), strongswanConf(this.#uri))
    writeFileSync(join(this.#directory, 'swanctl.conf'), swanctlConf(end, peer), { mode: 0o600 })
  }

  /** Resolves when it knows the tunnel, which is not up yet. */
  async start(): Promise<void> {
    const daemon = inNetworkNamespace(this.#end.namespace, () => {
      const [program, ...rest] = this.#confined(['/usr/lib/ipsec/charon'])
      return spawn(program!, rest, { stdio: ['ignore', 'pipe', 'pipe'], env: this.#environment })
    })
    this.#daemon = daemon
    for (const stream of [daemon.stdout!, daemon.stderr!])
      stream.on('data', (chunk) => {
        this.#log += chunk
      })
    while (!existsSync(this.#socket)) {
      if (daemon.exitCode !== null) throw new Error(`charon ended: ${this.#log}`)
      await delay(20)
    }
    this.#swanctl('--load-all', '--noprompt', '--file', join(this.#directory, 'swanctl.conf'))
  }

  /** Agrees on keys with the other end. */
  initiate(): void {
    this.#swanctl('--initiate', '--child', 'tunnel', '--timeout', '20')
  }

  /** Ends it; politely, it takes its tunnel with it. */
  async stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const daemon = this.#daemon
    if (!daemon) return
    this.#daemon = undefined
    const gone = new Promise((resolve) => daemon.once('close', resolve))
    daemon.kill(signal)
    await gone
    rmSync(this.#socket, { force: true })
  }

  async close(): Promise<void> {
    await this.stop('SIGKILL')
    rmSync(this.#directory, { recursive: true })
  }

  get #socket(): string {
    return join(this.#directory, 'vici')
  }

  get #uri(): string {
    return `unix://${this.#socket}`
  }

  get #environment(): NodeJS.ProcessEnv {
    return { ...process.env, STRONGSWAN_CONF: join(this.#directory, 'strongswan.conf') }
  }

  #swanctl(...args: string[]): void {
    const [program, ...rest] = this.#confined(['/usr/sbin/swanctl', ...args, '--uri', this.#uri])
    const { status, stdout, stderr } = spawnSync(program!, rest, {
      env: this.#environment,
      encoding: 'utf8',
    })
    if (status !== 0)
      throw new Error(`swanctl ${args.join(' ')} ended with ${status}: ${stdout}${stderr}\n${this.#log}`)
  }

  /** With the unpacked files over those of the machine, and a `/run` of its own for its process id. */
  #confined(argv: readonly string[]): string[] {
    const script =
      'mount -t overlay overlay -o "lowerdir=$0/usr:/usr" /usr && mount -t tmpfs run /run && exec "$@"'
    return ['unshare', '--mount', 'sh', '-c', script, strongswanRoot, ...argv]
  }
}

function strongswanConf(uri: string): string {
  return `
charon {
  load = ${plugins}
  # Routes are not what is tested, and its threads are many for two hosts.
  install_routes = no
  install_virtual_ip = no
  threads = 8
  plugins { vici { socket = ${uri} } }
  filelog { stderr { default = 1 } }
}
swanctl { load = openssl random }
`
}

function swanctlConf(end: TunnelEnd, peer: TunnelEnd): string {
  return `
connections {
  hosts {
    version = 2
    local_addrs = ${end.address}
    remote_addrs = ${peer.address}
    proposals = aes128-sha256-ecp256
    local { auth = psk }
    remote { auth = psk }
    children {
      tunnel {
        local_ts = ${end.inside}/32
        remote_ts = ${peer.inside}/32
        esp_proposals = aes128gcm128
      }
    }
  }
}
secrets { ike { secret = "${secret}" } }
`
}
