import { sendersOf } from './address-book.ts'
import { type ArmName, sabotageOf } from './arms.ts'
import { botchOf, type ChangeKind, isBotched, mishapOf } from './change.ts'
import { replayCounter } from './change-made.ts'
import type { ArmFacts, CapturedFrame, Change, NodeFacts, PodFacts, RunFacts, Scope } from './run.ts'
import { type Consequence, consequenceOf, modes, type SabotageKind } from './sabotage.ts'
import { arrivalCounter, dropCounter, integrityCounter, noStateCounter } from './sabotage-caught/index.ts'
import { misspeltOf } from './scoped.ts'
import {
  type Association,
  coveredPods,
  type SyntheticArm,
  sabotagedNode,
  syntheticArm,
} from './synthetic-arm.ts'

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
  associations: { arm: ArmName; before: Association[]; after: Association[] }[]
  recordings: SyntheticRecording[]
}

const start = 1_790_000_000_000_000_000n

const names = ['a', 'b', 'c']

function synthesise(isDualStack: boolean): { nodes: NodeFacts[]; pods: PodFacts[] } {
  const nodes = names.map((name, index) => ({
    name,
    id: index + 1,
    underlay: isDualStack ? `fd56::${index + 1}` : `192.168.0.${index + 1}`,
    podCidrs: [`10.0.${index + 1}.0/24`, ...(isDualStack ? [`fd57:${index + 1}::/64`] : [])],
  }))
  const pods = nodes.flatMap(({ name, id }) =>
    [1, 2].map((number) => ({
      name: `${name}${number}`,
      node: name,
      addresses: [`10.0.${id}.${number + 1}`, ...(isDualStack ? [`fd57:${id}::${number + 1}`] : [])],
    })),
  )
  return { nodes, pods }
}

export interface SyntheticOptions {
  readonly canariesPerPair?: number
  /** What is broken, each in both modes. */
  readonly sabotages?: readonly SabotageKind[]
  /** Last sequence number of every association before each arm. */
  readonly sent?: bigint
  /** What changes under traffic, each also botched. */
  readonly changes?: readonly ChangeKind[]
  /** Whether a policy covers some services only, and once none of them by mistake. */
  readonly services?: boolean
  /** Whether nodes themselves talk, and a policy covers that, and once by mistake does not. */
  readonly nodesThemselves?: boolean
  /** Pods have both IP families, and nodes speak IPv6 on the wire. */
  readonly isDualStack?: boolean
  /** Between nodes packets of pods go in VXLAN. */
  readonly isOverlay?: boolean
}

/** A run that a judge must find PROVEN: three nodes with two pods each, one canary per ordered pair of pods and protocol. */
export function provenRun({
  canariesPerPair = 1,
  sabotages = ['policies-deleted'],
  sent = 0n,
  changes = [],
  services = false,
  nodesThemselves = false,
  isDualStack = false,
  isOverlay = false,
}: SyntheticOptions = {}): SyntheticRun {
  const { nodes, pods } = synthesise(isDualStack)
  const run: SyntheticRun = {
    facts: {
      demo: 'synthetic',
      cluster: { name: 'synthetic', isDisposable: true },
      kernel: { kind: 'uml', release: '7.2.0', machine: 'made up for tests' },
      versions: { wireproof: '0.1.0', node: process.versions.node },
      nodes: structuredClone(nodes),
      pods: structuredClone(pods),
      arms: [],
    },
    associations: [],
    recordings: [],
  }
  const arms: ArmName[] = ['control', 'encrypted']
  for (const kind of changes) arms.push(kind, botchOf(kind))
  if (services) arms.push('services', misspeltOf('services'))
  if (nodesThemselves) arms.push('nodes', misspeltOf('nodes'))
  const ofNodes: Scope = {
    what: 'pods and nodes',
    pods: namesOf(pods),
    nodes: namesOf(nodes),
    policy: 'nodes: all',
  }
  const ofServices: Scope = { what: 'service b', pods: [...coveredPods], policy: 'pods of b' }
  for (const kind of sabotages) for (const mode of modes) arms.push(`${kind}/${mode}`)
  arms.forEach((name, index) => {
    const started = start + BigInt(index) * 2_000_000_000n
    const isOfServices = name === 'services' || name === 'services/misspelt'
    const scope = isOfServices ? ofServices : nodesThemselves ? ofNodes : undefined
    const themselves = scope === ofServices ? [] : sendersOf({ nodes, pods: [] }, scope)
    const arm = syntheticArm({ nodes, pods, themselves, isOverlay }, name, started, canariesPerPair, sent)
    run.facts.arms.push(structuredClone(factsOf(name, started, arm, scope)) as Mutable<ArmFacts>)
    run.associations.push({ arm: name, before: arm.before, after: arm.after })
    for (const [instrument, frames] of arm.frames)
      run.recordings.push({ arm: name, instrument, linkType: 1, frames })
  })
  return run
}

function namesOf(all: readonly { readonly name: string }[]): string[] {
  return all.map(({ name }) => name)
}

function factsOf(name: ArmName, started: bigint, arm: SyntheticArm, scope?: Scope): ArmFacts {
  const plan = sabotageOf(name)
  const isLost = isBotched(name) && mishapOf(name) === 'loss'
  const consequence = isLost ? 'kernel-drops' : plan && consequenceOf(plan)
  const { counters, refusals } = countsOf(consequence, arm.stopped)
  const none = () => Object.fromEntries(names.map((name) => [name, {}]))
  return {
    name,
    settings: arm.settings,
    ...(scope && { scope }),
    ...(plan && { sabotage: { what: plan.kind, node: sabotagedNode, pods: [...arm.sabotaged] } }),
    started: `${started}`,
    ended: `${arm.ended}`,
    canaries: arm.canaries,
    ...(arm.change && { change: arm.change as Mutable<Change> }),
    ...(arm.streams && { streams: arm.streams }),
    ...(arm.sessions && { sessions: arm.sessions }),
    instruments: [...arm.frames].map(([instrument, { length }]) => ({
      name: instrument,
      captured: length,
      passed: length,
      dropped: 0,
    })),
    countersBefore: none(),
    countersAfter: { ...none(), ...counters },
    readings: {
      before: { from: `${started}`, to: `${started}` },
      after: { from: `${arm.ended}`, to: `${arm.ended}` },
    },
    refusalsBefore: none(),
    refusalsAfter: { ...none(), ...refusals, ...(name === 'replay' && { b: { [replayCounter]: 1 } }) },
  }
}

/** Who counts what is stopped: the sabotaged node's agent or kernel, or the one it was sent to. */
function countsOf(
  consequence: Consequence | undefined,
  packets: number,
): { counters?: ArmFacts['countersAfter']; refusals?: ArmFacts['refusalsAfter'] } {
  const bytes = packets * 100
  if (consequence === 'agent-drops')
    return { counters: { [sabotagedNode]: { [dropCounter]: { packets, bytes } } } }
  if (consequence === 'leak-refused') return { counters: { b: { [arrivalCounter]: { packets, bytes } } } }
  if (consequence === 'kernel-drops') return { refusals: { [sabotagedNode]: { [noStateCounter]: packets } } }
  if (consequence === 'receiver-refuses') return { refusals: { b: { [integrityCounter]: packets } } }
  return {}
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
