import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { inNetworkNamespace } from '@wireproof/ffi'
import {
  createNamespace,
  deleteNamespace,
  openRoute,
  openXfrm,
  type Route,
  setSysctl,
  type Xfrm,
} from '@wireproof/netlink'
import type { Flow } from '../agent/api.ts'
import { type AgentClient, connectAgent } from '../agent/client.ts'
import type { Announcement } from '../agent/cluster/state.ts'
import type { Routing } from '../agent/plan/overlay.ts'
import type { Service } from '../agent/scope/encryption-policy.ts'
import { newClusterKey, type SuiteName } from '../lab/suites.ts'

const program = fileURLToPath(new URL('../agent/main.ts', import.meta.url))
const gateway = '169.254.1.1'
const gatewayMac = '02:00:00:00:00:fe'

interface Families {
  readonly pods: 'ipv4' | 'both'
  readonly underlay: 'ipv4' | 'ipv6'
  readonly routing?: Routing
}

const gateway6 = 'fe80::1'

/** Nodes with one pod each on a bridge, and an agent on every node: what agents are tested in. */
export class AgentCluster {
  readonly directory = mkdtempSync(join(tmpdir(), 'wireproof-agents-'))
  readonly #agents = new Map<number, ChildProcess>()
  readonly #namespaces: string[] = []
  /** The nodes of pods that are not on the one of their number. */
  readonly #homes = new Map<number, number>()
  readonly #prefix: string

  readonly #families: Families

  /** @param name keeps clusters of one kernel apart. */
  constructor(name: string, families: Partial<Families> = {}) {
    this.#prefix = `wptest-${name}-`
    this.#families = { pods: 'ipv4', underlay: 'ipv4', ...families }
    this.#namespace('wire')
    this.inWire((route) => {
      onlyIpv4()
      route.addBridge({ name: 'br0', multicastSnooping: false })
      route.setLink('br0', { up: true })
    })
    for (const kind of ['nodes', 'pods', 'policies', 'encryption', 'services'])
      mkdirSync(join(this.directory, kind))
    this.rotateKey(3)
    this.configure({ encryptL3: true, strict: true })
  }

  configure(settings: { encryptL3: boolean; strict: boolean; routing?: Routing }): void {
    const { routing = 'native' } = this.#families
    this.#write('config.json', { routing, ...settings, clusterCidrs: ['10.0.0.0/8', 'fd00::/16'] })
  }

  /** Gives the cluster a fresh key of this id. */
  rotateKey(id: number, suite: SuiteName = 'aes-gcm-128'): void {
    this.#replace('key', newClusterKey(id, suite))
  }

  /** Replaces all policies by these documents of YAML. */
  setPolicies(documents: string): void {
    this.#replace('policies/all.yaml', documents)
  }

  /** Replaces all encryption policies by these documents of YAML. */
  setEncryptionPolicies(documents: string): void {
    this.#replace('encryption/all.yaml', documents)
  }

  /** Tells the cluster of a service. */
  describeService(service: Service): void {
    this.#write(`services/${service.name}.json`, service)
  }

  underlay(id: number): string {
    return this.#families.underlay === 'ipv4' ? `192.168.0.${id}` : `fdff::${id}`
  }

  podAddress(id: number): string {
    return `10.0.${this.#homes.get(id) ?? id}.${this.#homes.has(id) ? id : 2}`
  }

  podAddress6(id: number): string {
    return `fd00:${this.#homes.get(id) ?? id}::${this.#homes.has(id) ? id : 2}`
  }

  path(name: string): string {
    return `/run/netns/${this.#prefix}${name}`
  }

  inWire<Result>(action: (route: Route) => Result): Result {
    return this.#withRoute('wire', action)
  }

  /** Makes a node and tells the cluster of it; its agent is not started yet. */
  addNode(id: number): void {
    this.addHost(`n${id}`, this.underlay(id))
    this.#withRoute(`n${id}`, () => {
      setSysctl('net/ipv4/ip_forward', '1')
      setSysctl('net/ipv6/conf/all/forwarding', '1')
      for (const device of ['all', 'default']) setSysctl(`net/ipv4/conf/${device}/rp_filter`, '0')
    })
    this.describeNode(`n${id}`, id)
  }

  /** Tells the cluster of a node that has the addresses of this id, and all from these prefixes for its pods. */
  describeNode(name: string, id: number, prefixes?: readonly string[]): void {
    const podCidrs = prefixes ?? [`10.0.${id}.0/24`, ...(this.#isDual ? [`fd00:${id}::/64`] : [])]
    this.#write(`nodes/${name}.json`, { name, underlay: this.underlay(id), podCidrs })
  }

  /** Takes back what describeNode() told. */
  forgetNode(name: string): void {
    rmSync(join(this.directory, `nodes/${name}.json`))
  }

  /** Makes somebody on the wire of whom the cluster is told nothing. */
  addHost(name: string, address: string): void {
    this.#namespace(name)
    const namespace = this.path(name)
    this.inWire((route) => {
      route.addVeth({ name, peer: { name: 'eth0', namespace } })
      route.setLink(name, { master: 'br0', up: true })
    })
    this.#withRoute(name, (route) => {
      this.#allowFamilies()
      route.setLink('lo', { up: true })
      route.addAddress('eth0', `${address}/${this.#families.underlay === 'ipv4' ? 16 : 64}`)
      route.setLink('eth0', { up: true })
    })
  }

  removeNode(id: number): void {
    rmSync(join(this.directory, `nodes/n${id}.json`))
    rmSync(join(this.directory, `pods/p${id}.json`), { force: true })
  }

  /** Resolves when the agent answers. @throws Error with its log when it ends instead. */
  async startAgent(id: number, flags: readonly string[] = []): Promise<AgentClient> {
    const socket = this.#socket(id)
    rmSync(socket, { force: true })
    const argv = [
      program,
      '--node',
      `n${id}`,
      '--cluster',
      this.directory,
      '--socket',
      socket,
      '--wire',
      'eth0',
    ]
    const log = openSync(this.logFile(id), 'a')
    const child = inNetworkNamespace(this.path(`n${id}`), () =>
      spawn(process.execPath, [...argv, ...flags], { stdio: ['ignore', log, log] }),
    )
    closeSync(log)
    this.#agents.set(id, child)
    for (;;) {
      if (child.exitCode !== null) {
        this.#agents.delete(id)
        throw new Error(`agent ${id} ended: ${readFileSync(this.logFile(id), 'utf8')}`)
      }
      try {
        await this.agent(id).status()
        return this.agent(id)
      } catch {
        await delay(10)
      }
    }
  }

  logFile(id: number): string {
    return join(this.directory, `n${id}.log`)
  }

  agent(id: number): AgentClient {
    return connectAgent(this.#socket(id))
  }

  /** Ends an agent the hard way; resolves when it is gone. */
  async killAgent(id: number): Promise<void> {
    const child = this.#agents.get(id)!
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await gone
    this.#agents.delete(id)
  }

  /** Freezes an agent as if it hung. */
  pauseAgent(id: number): void {
    this.#agents.get(id)!.kill('SIGSTOP')
  }

  resumeAgent(id: number): void {
    this.#agents.get(id)!.kill('SIGCONT')
  }

  /** What the agent has told the others, as it stands in the store. */
  announced(id: number): Announcement {
    return JSON.parse(readFileSync(join(this.directory, `acks/n${id}.json`), 'utf8'))
  }

  /** Makes pod p<id>, on node n<id> unless told otherwise, guarded by the agent before its first packet. */
  async addPod(id: number, node = id): Promise<void> {
    this.plugPod(id, { node })
    await this.agent(node).putPod(`p${id}`, { device: `p${id}`, addresses: this.#podAddresses(id) })
  }

  /** Makes the pod, with its link down at the node: no agent need be there. Without an alias nothing says whose it is. */
  plugPod(id: number, { withAlias = true, node = id } = {}): void {
    if (node !== id) this.#homes.set(id, node)
    const address = this.podAddress(id)
    this.#namespace(`p${id}`)
    const namespace = this.path(`p${id}`)
    const alias = `wireproof:pod=p${id}`
    this.#withRoute(`n${node}`, (route) => {
      route.addVeth({ name: `p${id}`, mac: gatewayMac, peer: { name: 'eth0', mtu: 1400, namespace } })
      if (withAlias) route.setLink(`p${id}`, { alias })
    })
    this.#withRoute(`p${id}`, (route) => {
      this.#allowFamilies()
      route.setLink('lo', { up: true })
      route.addAddress('eth0', `${address}/32`)
      route.setLink('eth0', { up: true })
      route.addRoute({ destination: `${gateway}/32`, device: 'eth0', scope: 'link' })
      route.addRoute({ destination: '0.0.0.0/0', via: gateway, device: 'eth0' })
      route.addNeighbour({ address: gateway, mac: gatewayMac, device: 'eth0' })
      if (this.#isDual) this.#addIpv6(route, id)
    })
    this.#write(`pods/p${id}.json`, {
      name: `p${id}`,
      node: `n${node}`,
      addresses: this.#podAddresses(id),
      labels: { app: `p${id}` },
    })
  }

  /** As the CNI plugin `ptp` does, which tells no agent: the link is up before anybody knows whose it is. */
  plugUntold(id: number): void {
    this.plugPod(id, { withAlias: false })
    this.route(id, (route) => {
      route.setLink(`p${id}`, { up: true })
      route.addRoute({ destination: `${this.podAddress(id)}/32`, device: `p${id}`, scope: 'link' })
    })
  }

  async settled(...ids: number[]): Promise<void> {
    await Promise.all(ids.map((id) => this.agent(id).settled()))
  }

  /** What the node's agent tells meanwhile, and a moment before and after. */
  async flowsWhile(id: number, action: () => Promise<unknown>): Promise<Flow[]> {
    const stop = new AbortController()
    const seen: Flow[] = []
    const reading = (async () => {
      for await (const flow of this.agent(id).flows(stop.signal)) seen.push(flow)
    })()
    await delay(200)
    await action()
    await delay(200)
    stop.abort()
    await reading
    return seen
  }

  xfrm<Result>(id: number, action: (xfrm: Xfrm) => Result): Result {
    return inNetworkNamespace(this.path(`n${id}`), () => {
      using xfrm = openXfrm()
      return action(xfrm)
    })
  }

  route<Result>(id: number, action: (route: Route) => Result): Result {
    return this.#withRoute(`n${id}`, action)
  }

  spawn(where: string, argv: readonly string[]): ChildProcess {
    return inNetworkNamespace(this.path(where), () => spawn(argv[0]!, argv.slice(1), { stdio: 'pipe' }))
  }

  run(where: string, argv: readonly string[]): { status: number | null; stdout: string } {
    return inNetworkNamespace(this.path(where), () =>
      spawnSync(argv[0]!, argv.slice(1), { encoding: 'utf8' }),
    )
  }

  /** Sends echo requests from pod to pod. @returns how many were sent and answered. */
  async ping(
    from: number,
    to: number,
    count: number,
    interval = 0.01,
    address = this.podAddress(to),
  ): Promise<{ sent: number; received: number }> {
    return this.pingFrom(`p${from}`, address, count, interval)
  }

  /** The same from any namespace of the cluster. */
  async pingFrom(
    where: string,
    address: string,
    count: number,
    interval = 0.01,
    flags: readonly string[] = [],
  ): Promise<{ sent: number; received: number }> {
    const argv = ['ping', '-q', '-c', `${count}`, '-i', `${interval}`, '-W', '1', ...flags, address]
    const { stdout } = await this.finished(where, argv)
    const [, sent, received] = /(\d+) packets transmitted, (\d+) (?:packets )?received/.exec(stdout) ?? []
    return { sent: Number(sent), received: Number(received) }
  }

  /** Runs a command to its end, while all else goes on. */
  async finished(where: string, argv: readonly string[]): Promise<{ status: number | null; stdout: string }> {
    const child = this.spawn(where, argv)
    let stdout = ''
    child.stdout!.on('data', (chunk) => (stdout += chunk))
    const status = await new Promise<number | null>((resolve) => child.once('close', resolve))
    return { status, stdout }
  }

  /** What crosses the wire while `action` runs, a line a frame, as tcpdump tells it. */
  async onWire(action: () => Promise<unknown>): Promise<string[]> {
    // Of IPv6 what neighbours ask each other is of no interest.
    const neighbours = 'icmp6 and ip6[40] >= 133 and ip6[40] <= 137'
    const filter = this.#isDual ? `ip or (net fd00::/8 and not (${neighbours}))` : 'ip'
    const child = this.spawn('wire', ['tcpdump', '-l', '-n', '--immediate-mode', '-i', 'br0', filter])
    let output = ''
    child.stdout!.on('data', (chunk) => (output += chunk))
    await new Promise<void>((resolve) => {
      child.stderr!.on('data', (chunk) => `${chunk}`.includes('listening') && resolve())
    })
    try {
      await action()
      await delay(300)
    } finally {
      const closed = new Promise((resolve) => child.once('close', resolve))
      child.kill('SIGINT')
      await closed
    }
    return output.split('\n').filter((line) => line !== '')
  }

  async close(): Promise<void> {
    for (const id of [...this.#agents.keys()]) await this.killAgent(id)
    for (const name of this.#namespaces) deleteNamespace(name)
    rmSync(this.directory, { recursive: true })
  }

  get #isDual(): boolean {
    return this.#families.pods === 'both'
  }

  #podAddresses(id: number): string[] {
    return [this.podAddress(id), ...(this.#isDual ? [this.podAddress6(id)] : [])]
  }

  #allowFamilies(): void {
    if (!this.#isDual) {
      onlyIpv4()
      return
    }
    // Nobody else has these addresses: to ask first would only take a second.
    for (const device of ['all', 'default']) setSysctl(`net/ipv6/conf/${device}/accept_dad`, '0')
  }

  #addIpv6(route: Route, id: number): void {
    route.addAddress('eth0', `${this.podAddress6(id)}/128`)
    route.addNeighbour({ address: gateway6, mac: gatewayMac, device: 'eth0' })
    route.addRoute({ destination: '::/0', via: gateway6, device: 'eth0' })
  }

  #namespace(name: string): void {
    createNamespace(`${this.#prefix}${name}`)
    this.#namespaces.push(`${this.#prefix}${name}`)
  }

  #socket(id: number): string {
    return join(this.directory, `n${id}.sock`)
  }

  #withRoute<Result>(name: string, action: (route: Route) => Result): Result {
    return inNetworkNamespace(this.path(name), () => {
      using route = openRoute()
      return action(route)
    })
  }

  #write(file: string, value: unknown): void {
    this.#replace(file, JSON.stringify(value))
  }

  #replace(file: string, text: string): void {
    const draft = join(this.directory, `.${process.pid}.draft`)
    writeFileSync(draft, text, { mode: 0o600 })
    renameSync(draft, join(this.directory, file))
  }
}

function onlyIpv4(): void {
  for (const device of ['all', 'default']) setSysctl(`net/ipv6/conf/${device}/disable_ipv6`, '1')
}
