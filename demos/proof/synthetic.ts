import { createHash } from 'node:crypto'
import type { SecurityAssociation } from '../../agent/api.ts'
import {
  type ArmFacts,
  type ArmName,
  armNames,
  type Canary,
  type CapturedFrame,
  type NodeFacts,
  type PodFacts,
  type RunFacts,
} from './run.ts'
import { dropCounter } from './sabotage-caught.ts'
import { arp, esp, ethernet, ipv4, routed, tcp, udp } from './synthetic-packet.ts'

type Mutable<T> = T extends Buffer | bigint
  ? T
  : T extends object
    ? { -readonly [K in keyof T]: Mutable<T[K]> }
    : T

export interface SyntheticRecording {
  arm: ArmName
  instrument: string
  linkType: number
  frames: Mutable<CapturedFrame>[]
  problem?: string
}

/** A run for tests, made without a kernel; everything in it may be changed. */
export interface SyntheticRun {
  facts: Mutable<RunFacts>
  associations: {
    arm: ArmName
    before: Mutable<SecurityAssociation>[]
    after: Mutable<SecurityAssociation>[]
  }[]
  recordings: SyntheticRecording[]
}

export const sabotagedNode = 'a'
const start = 1_790_000_000_000_000_000n

const nodes: NodeFacts[] = ['a', 'b', 'c'].map((name, index) => ({
  name,
  id: index + 1,
  underlay: `192.168.0.${index + 1}`,
  podCidr: `10.0.${index + 1}.0/24`,
}))
const pods: PodFacts[] = nodes.flatMap(({ name, id }) =>
  [1, 2].map((number) => ({ name: `${name}${number}`, node: name, address: `10.0.${id}.${number + 1}` })),
)

/** A run that a judge must find PROVEN: three nodes with two pods each, one canary per ordered pair of pods and protocol. */
export function provenRun(options: { readonly canariesPerPair?: number } = {}): SyntheticRun {
  const run: SyntheticRun = {
    facts: {
      demo: 'synthetic',
      kernel: { kind: 'uml', release: '7.2.0', machine: 'made up for tests' },
      versions: { wireproof: '0.1.0', node: process.versions.node },
      nodes: structuredClone(nodes),
      pods: structuredClone(pods),
      arms: [],
    },
    associations: [],
    recordings: [],
  }
  armNames.forEach((name, index) => {
    playArm(run, name, start + BigInt(index) * 2_000_000_000n, options.canariesPerPair ?? 1)
  })
  return run
}

function playArm(run: SyntheticRun, name: ArmName, started: bigint, canariesPerPair: number): void {
  const settings = { encryptL3: name !== 'control', strict: name !== 'sabotage-permissive' }
  const sabotaged = name.startsWith('sabotage')
  const before = associationsBetween(nodes)
  const after = structuredClone(before)
  const frames = new Map<string, CapturedFrame[]>([
    ...nodes.map((node) => [`wire/${node.name}`, []] as [string, CapturedFrame[]]),
    ...pods.map((pod) => [`pod/${pod.name}`, []] as [string, CapturedFrame[]]),
  ])
  let time = started
  const record = (instrument: string, data: Buffer) => {
    time += 20_000n
    frames.get(instrument)!.push({ time, data, length: data.length })
  }
  for (const node of nodes) record(`wire/${node.name}`, ethernet(arp(node.underlay, '192.168.0.9'), 0x0806))

  let dropped = 0
  const send = (from: PodFacts, to: PodFacts, payload: Buffer, protocol: number): boolean => {
    const packet = ipv4(from.address, to.address, protocol, payload)
    record(`pod/${from.name}`, ethernet(packet))
    if (from.node !== to.node) {
      const onWire = routed(packet, 1)
      const broken = sabotaged && from.node === sabotagedNode
      if (broken && settings.strict) {
        dropped++
        return false
      }
      if (broken || !settings.encryptL3) record(`wire/${from.node}`, ethernet(onWire))
      else record(`wire/${from.node}`, ethernet(seal(after, name, from, to, onWire)))
    }
    record(`pod/${to.name}`, ethernet(routed(packet, from.node === to.node ? 1 : 2)))
    return true
  }

  const canaries: Canary[] = []
  for (const [from, to] of pairs())
    for (let number = 0; number < canariesPerPair; number++)
      for (const protocol of ['udp', 'tcp'] as const) {
        const token = canaryToken(name, from.name, to.name, protocol, number)
        const payload = Buffer.from(`hello ${token} ${'.'.repeat((number * 97) % 900)}`)
        const segment =
          protocol === 'udp' ? udp(4000 + number, 7, payload) : tcp(5000 + number, 7, 1, payload)
        const delivered = send(from, to, segment, protocol === 'udp' ? 17 : 6)
        if (delivered) send(to, from, udp(7, 4000 + number, Buffer.from(`ok ${number}`)), 17)
        canaries.push({
          id: `${name}/${from.name}-${to.name}/${protocol}/${number}`,
          token,
          fromPod: from.name,
          toPod: to.name,
          protocol,
          delivered,
          unchanged: delivered,
        })
      }

  const arm: ArmFacts = {
    name,
    settings,
    ...(sabotaged && { sabotage: { what: 'outbound policies removed', node: sabotagedNode } }),
    started: `${started}`,
    ended: `${time + 1000n}`,
    canaries,
    instruments: [...frames].map(([instrument, { length }]) => ({
      name: instrument,
      captured: length,
      passed: length,
      dropped: 0,
    })),
    countersBefore: Object.fromEntries(nodes.map((node) => [node.name, {}])),
    countersAfter: Object.fromEntries(nodes.map((node) => [node.name, {}])),
  }
  if (dropped > 0)
    arm.countersAfter[sabotagedNode] = { [dropCounter]: { packets: dropped, bytes: dropped * 100 } }
  run.facts.arms.push(arm as Mutable<ArmFacts>)
  run.associations.push({ arm: name, before, after })
  for (const [instrument, list] of frames)
    run.recordings.push({ arm: name, instrument, linkType: 1, frames: list })
}

function pairs(): [PodFacts, PodFacts][] {
  const across = pods.flatMap((from) =>
    pods.flatMap((to) => (from.node === to.node ? [] : [[from, to] as [PodFacts, PodFacts]])),
  )
  return [...across, [pods[0]!, pods[1]!]]
}

function canaryToken(...parts: (string | number)[]): string {
  return `WP-CANARY-${createHash('sha256').update(parts.join('/')).digest('hex').slice(0, 26).toUpperCase()}`
}

/** Both ends of an SA per ordered pair of nodes, before any packet. */
function associationsBetween(ends: readonly NodeFacts[]): SecurityAssociation[] {
  return ends.flatMap((from) =>
    ends.flatMap((to) => {
      if (from === to) return []
      const shared = {
        source: from.underlay,
        destination: to.underlay,
        spi: 0x1000 * from.id + to.id,
        mode: 'tunnel',
        algorithm: 'rfc4106(gcm(aes))',
        key: createHash('sha256').update(`${from.name}>${to.name}`).digest('hex').slice(0, 40),
        icvBits: 128,
        packets: 0,
        bytes: 0,
      } as const
      return [
        { ...shared, node: from.name, direction: 'out' as const },
        { ...shared, node: to.name, direction: 'in' as const },
      ]
    }),
  )
}

/** Encrypts and counts as both kernels would; the arm's place keeps nonces unique where keys stay the same. */
function seal(
  associations: Mutable<SecurityAssociation>[],
  arm: ArmName,
  from: PodFacts,
  to: PodFacts,
  packet: Buffer,
): Buffer {
  const [source, destination] = [from, to].map((pod) => nodes.find(({ name }) => name === pod.node)!.underlay)
  const ends = associations.filter((sa) => sa.source === source && sa.destination === destination)
  for (const end of ends) {
    end.packets++
    end.bytes += packet.length
  }
  const [sa] = ends
  const iv = (BigInt(armNames.indexOf(arm)) << 32n) | BigInt(sa!.packets)
  return esp(packet, { ...sa!, sequence: sa!.packets, iv })
}

export function recordingOf(run: SyntheticRun, arm: ArmName, instrument: string): SyntheticRecording {
  return run.recordings.find((each) => each.arm === arm && each.instrument === instrument)!
}

export function armOf(run: SyntheticRun, name: ArmName): Mutable<ArmFacts> {
  return run.facts.arms.find((arm) => arm.name === name)!
}

/** Puts a frame on a node's wire port, as if it had been captured there in the middle of the arm. */
export function inject(run: SyntheticRun, arm: ArmName, instrument: string, data: Buffer): void {
  const recording = recordingOf(run, arm, instrument)
  const middle = Math.floor(recording.frames.length / 2)
  const time = recording.frames[middle]!.time + 1n
  recording.frames.splice(middle + 1, 0, { time, data, length: data.length })
  recount(run, arm, instrument)
}

/** Makes an instrument's own numbers agree with what it recorded. */
export function recount(run: SyntheticRun, arm: ArmName, instrument: string): void {
  const found = armOf(run, arm).instruments.find(({ name }) => name === instrument)!
  found.captured = recordingOf(run, arm, instrument).frames.length
  found.passed = found.captured
}
