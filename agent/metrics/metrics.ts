import { Counter, Gauge, Registry } from 'prom-client'
import type { AgentStatus, FlowVerdict } from '../api.ts'
import { reasons } from '../kernel/datapath-layout.ts'
import type { Association } from '../monitor/peer-status.ts'
import { version } from '../version.ts'
import { PeerTrafficMeter } from './peer-traffic.ts'

/** What an agent knows when it is scraped. */
export interface Sample {
  readonly status: AgentStatus
  readonly associations: readonly Association[]
  /** All counters of /proc/net/xfrm_stat. */
  readonly refused: Readonly<Record<string, number>>
  /** Flow events by verdict. */
  readonly told: Readonly<Record<FlowVerdict, number>>
  readonly lost: { readonly ring: number; readonly reader: number }
  /** How often the clock was set. */
  readonly clockSteps: number
  /** Whether the last pass failed. */
  readonly hasFailed: boolean
}

const directions = ['in', 'out'] as const

/**
 * The agent's metrics for Prometheus. Everything is read when it is asked for: between scrapes nothing is counted twice.
 * docs/metrics.md says what each means; a test holds the two together.
 */
export class AgentMetrics {
  readonly #registry = new Registry()
  readonly #traffic = new PeerTrafficMeter()
  readonly #buildInfo = this.#gauge('build_info', 'Always 1; what runs is in the labels.', [
    'version',
    'node_version',
  ])
  readonly #started = this.#gauge('agent_start_time_seconds', 'When the agent began, Unix time.')
  readonly #encryptL3 = this.#gauge('encrypt_l3', '1 while pod traffic between nodes is encrypted.')
  readonly #strict = this.#gauge('strict', '1 while protected packets in clear are dropped.')
  readonly #settled = this.#gauge('settled', '1 while the kernel is what the cluster asks for.')
  readonly #failed = this.#gauge('last_pass_failed', '1 while the last pass over the kernel failed.')
  readonly #problems = this.#gauge('store_problems', 'Objects of the cluster store that are not understood.')
  readonly #notices = this.#gauge('notices', 'What a person should know; nothing is refused for it.')
  readonly #clockSteps = this.#counter('clock_steps_total', 'How often the clock was set.')
  readonly #pods = this.#gauge('pods', 'Pods of this node whose devices are guarded.')
  readonly #peers = this.#gauge('peers', 'Other nodes: expected, sent to, received from, waited for.', [
    'state',
  ])
  readonly #associations = this.#gauge('security_associations', 'IPsec SAs in the kernel.', [
    'direction',
    'state',
  ])
  readonly #peerPackets = this.#counter('peer_packets_total', 'Packets in SAs with a node.', [
    'peer',
    'direction',
  ])
  readonly #peerBytes = this.#counter('peer_bytes_total', 'Bytes of inner packets in SAs with a node.', [
    'peer',
    'direction',
  ])
  readonly #keyId = this.#gauge('key_id', 'Id of the cluster key in use.')
  readonly #keyAge = this.#gauge('key_age_seconds', 'Time since the first SA under this key id.')
  readonly #pending = this.#gauge('rotation_pending_peers', 'Nodes that are not moved to this key yet.')
  readonly #sequence = this.#gauge('sequence_used_ratio', 'Highest sequence number sent, of the last one.')
  readonly #refused = this.#counter('xfrm_errors_total', 'Packets IPsec refused, by the kernel’s name.', [
    'error',
  ])
  readonly #packets = this.#counter('packets_total', 'Packets by what was decided, where and why.', [
    'hook',
    'verdict',
    'reason',
  ])
  readonly #bytes = this.#counter('bytes_total', 'Bytes by what was decided, where and why.', [
    'hook',
    'verdict',
    'reason',
  ])
  readonly #dropped = this.#counter('dropped_packets_total', 'Packets dropped, by reason.', ['reason'])
  readonly #told = this.#counter('flow_events_total', 'Flow events, by verdict.', ['verdict'])
  readonly #lost = this.#counter('flow_events_lost_total', 'Flow events lost, by where.', ['where'])
  readonly #history = this.#gauge('flow_history_records', 'Flow events that are remembered.')
  readonly #memory = new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Resident memory of the agent.',
    registers: [this.#registry],
  })
  readonly #cpu = new Counter({
    name: 'process_cpu_seconds_total',
    help: 'CPU time of the agent.',
    registers: [this.#registry],
  })

  constructor(node: string) {
    this.#registry.setDefaultLabels({ node })
  }

  /** The text that Prometheus reads, and its content type. */
  async expose(sample: Sample): Promise<{ contentType: string; text: string }> {
    this.#setConfiguration(sample)
    this.#setKeys(sample)
    this.#setTraffic(sample)
    this.#setEvents(sample)
    this.#setProcess()
    return { contentType: this.#registry.contentType, text: await this.#registry.metrics() }
  }

  #setConfiguration({ status, clockSteps, hasFailed }: Sample): void {
    this.#buildInfo.set({ version, node_version: process.version }, 1)
    this.#started.set(Date.parse(status.started) / 1000)
    this.#encryptL3.set(Number(status.encryptL3))
    this.#strict.set(Number(status.strict))
    this.#settled.set(Number(status.settled))
    this.#failed.set(Number(hasFailed))
    this.#problems.set(status.problems.length)
    this.#notices.set(status.notices.length)
    this.#clockSteps.reset()
    this.#clockSteps.inc(clockSteps)
    this.#pods.set(status.pods.length)
  }

  #setKeys({ status, associations }: Sample): void {
    const { peers, key, sequence } = status
    const count = (matches: (peer: (typeof peers)[number]) => boolean) => peers.filter(matches).length
    this.#peers.set({ state: 'expected' }, peers.length)
    this.#peers.set(
      { state: 'sends' },
      count(({ sends }) => sends),
    )
    this.#peers.set(
      { state: 'receives' },
      count(({ receives }) => receives),
    )
    this.#peers.set(
      { state: 'waiting' },
      count(({ waiting }) => waiting !== undefined),
    )
    for (const direction of directions)
      for (const state of ['current', 'earlier'] as const) {
        const those = associations.filter((each) => each.direction === direction && each.state === state)
        this.#associations.set({ direction, state }, those.length)
      }
    this.#keyId.set(key.id)
    this.#keyAge.set(key.since === undefined ? 0 : (Date.now() - Date.parse(key.since)) / 1000)
    this.#pending.set(
      count(({ outboundEpoch, inboundEpoch }) => outboundEpoch !== key.id || inboundEpoch !== key.id),
    )
    this.#sequence.set(sequence.highest / sequence.limit)
  }

  #setTraffic({ status, associations, refused }: Sample): void {
    const names = status.peers.map(({ node }) => node)
    this.#peerPackets.reset()
    this.#peerBytes.reset()
    for (const { peer, direction, packets, bytes } of this.#traffic.read(names, associations)) {
      this.#peerPackets.inc({ peer, direction }, packets)
      this.#peerBytes.inc({ peer, direction }, bytes)
    }
    this.#refused.reset()
    for (const [error, count] of Object.entries(refused)) this.#refused.inc({ error }, count)
    for (const counter of [this.#packets, this.#bytes, this.#dropped]) counter.reset()
    // A drop that happens for the first time must be seen as a rise, not as a series that appears.
    for (const reason of reasons) this.#dropped.inc({ reason }, 0)
    for (const [name, { packets, bytes }] of Object.entries(status.counters)) {
      const [hook = '', verdict = '', reason = ''] = name.split('/')
      this.#packets.inc({ hook, verdict, reason }, packets)
      this.#bytes.inc({ hook, verdict, reason }, bytes)
      if (verdict === 'dropped') this.#dropped.inc({ reason }, packets)
    }
  }

  #setEvents({ status, told, lost }: Sample): void {
    this.#told.reset()
    for (const [verdict, count] of Object.entries(told)) this.#told.inc({ verdict }, count)
    this.#lost.reset()
    for (const [where, count] of Object.entries(lost)) this.#lost.inc({ where }, count)
    this.#history.set(status.events.remembered)
  }

  #setProcess(): void {
    const { user, system } = process.cpuUsage()
    this.#memory.set(process.memoryUsage.rss())
    this.#cpu.reset()
    this.#cpu.inc((user + system) / 1e6)
  }

  #gauge<Label extends string = never>(name: string, help: string, labelNames: Label[] = []): Gauge<Label> {
    return new Gauge({ name: `wireproof_${name}`, help, labelNames, registers: [this.#registry] })
  }

  #counter<Label extends string = never>(
    name: string,
    help: string,
    labelNames: Label[] = [],
  ): Counter<Label> {
    return new Counter({ name: `wireproof_${name}`, help, labelNames, registers: [this.#registry] })
  }
}
