/**
 * The forms of what a bundle says, for whoever checks one. Playing a demo needs their types only, and so does not wait for
 * the library behind them to load.
 */
import Type, { type Static } from 'typebox'
import { armNames } from './arms.ts'
import { attemptKinds } from './attempt.ts'
import { checkIds } from './check.ts'

export const ArmName = Type.Enum([...armNames])
const CheckId = Type.Enum([...checkIds])

const Count = Type.Integer({ minimum: 0 })
const Nanoseconds = Type.String({ pattern: '^[0-9]{1,20}$', description: 'Nanoseconds since the epoch.' })

/** One exchange between two pods with a token nobody can guess, and what came of it. */
export const Canary = Type.Object({
  id: Type.String(),
  token: Type.String({ minLength: 8 }),
  fromPod: Type.String({ description: 'Or the node whose own program sent it.' }),
  toPod: Type.String({ description: 'Or the node whose own program it was for.' }),
  protocol: Type.Union([Type.Literal('udp'), Type.Literal('tcp')]),
  delivered: Type.Boolean(),
  unchanged: Type.Boolean(),
})
export type Canary = Static<typeof Canary>

/** What one instrument said of itself when it was stopped. */
export const Instrument = Type.Object({
  name: Type.String({ description: '`wire/<node>`, `pod/<pod>`, or `node/<node>`.' }),
  captured: Count,
  passed: Count,
  dropped: Count,
})
export type Instrument = Static<typeof Instrument>

/** Datagrams from one pod to another for as long as something changes, each with its number. */
export const Stream = Type.Object({
  id: Type.String(),
  token: Type.String({ minLength: 8, description: 'What each datagram begins with, before its number.' }),
  fromPod: Type.String(),
  toPod: Type.String(),
  everyMs: Count,
  sent: Type.Integer({ minimum: 0, description: 'As the program that sent them counted.' }),
  answered: Count,
})
export type Stream = Static<typeof Stream>

/** Messages in one TCP connection between two pods for as long as something changes, each with its number. */
export const Session = Type.Object({
  id: Type.String(),
  token: Type.String({ minLength: 8, description: 'What each message begins with, before its number.' }),
  fromPod: Type.String(),
  toPod: Type.String(),
  port: Type.Integer({ minimum: 1, maximum: 65535, description: 'By which the connection leaves.' }),
  everyMs: Count,
  sent: Type.Integer({ minimum: 0, description: 'As the program that sent them counted.' }),
  answered: Count,
})
export type Session = Static<typeof Session>

export const Sabotage = Type.Object({
  what: Type.String({ description: 'What was done, in words.' }),
  node: Type.String({ description: 'Where it was done.' }),
  pods: Type.Array(Type.String(), {
    description: 'Whose packets it concerns; the node among them, where its own are to be encrypted.',
  }),
})
export type Sabotage = Static<typeof Sabotage>

const Counters = Type.Record(Type.String(), Type.Object({ packets: Count, bytes: Count }))
const CountersByNode = Type.Record(Type.String(), Counters, {
  description: 'What each agent counted, by node.',
})
const RefusalsByNode = Type.Record(Type.String(), Type.Record(Type.String(), Count), {
  description: "Packets that each node's IPsec refused, by the kernel's names for the reasons, by node.",
})

const Fingerprint = Type.String({
  pattern: '^[A-Za-z0-9+/]{43}=$',
  description: 'SHA-256, base64, of an IP packet without what routers change.',
})

const nodeFields = {
  name: Type.String(),
  id: Count,
  underlay: Type.String(),
  podCidrs: Type.Array(Type.String(), {
    minItems: 1,
    description: 'Where its pods take their addresses from.',
  }),
}
export const NodeFacts = Type.Object(nodeFields)
export type NodeFacts = Static<typeof NodeFacts>

const podFields = {
  name: Type.String(),
  node: Type.String(),
  addresses: Type.Array(Type.String(), { minItems: 1, description: 'One of each family.' }),
}
export const PodFacts = Type.Object(podFields)
export type PodFacts = Static<typeof PodFacts>

const Reading = Type.Object({ from: Nanoseconds, to: Nanoseconds })

/** A network policy that cut one pod off: nobody's sessions reach it (egress), or its own reach nobody (ingress). */
export const Denial = Type.Object({
  pod: Type.String(),
  direction: Type.Union([Type.Literal('egress'), Type.Literal('ingress')], {
    description: 'In which it is enforced: as packets leave other pods, or as they arrive there.',
  }),
  rule: Type.String({ description: 'As the agents have to name it.' }),
  asked: Nanoseconds,
  inForce: Nanoseconds,
  lifting: Nanoseconds,
  lifted: Nanoseconds,
})
export type Denial = Static<typeof Denial>

/** Packets that somebody made up, to get them to a pod. */
export const Attempt = Type.Object({
  kind: Type.Enum([...attemptKinds]),
  by: Type.String({ description: 'The pod or node that sent them, or `stranger`.' }),
  toPod: Type.String(),
  node: Type.String({ description: 'Where they have to be stopped.' }),
  at: Nanoseconds,
  packets: Type.Array(Fingerprint, { minItems: 1, description: 'As they were sent.' }),
  carried: Type.Array(Fingerprint, { description: 'What would arrive of those that are ESP.' }),
  counted: Type.Object(
    { before: Count, after: Count },
    { description: 'By the node, under the name that the attempt has.' },
  ),
})
export type Attempt = Static<typeof Attempt>

/** What agents told of packets that they dropped, of one flow at one place. */
export const Dropped = Type.Object({
  node: Type.String(),
  hook: Type.String(),
  reason: Type.String(),
  rule: Type.Optional(Type.String()),
  protocol: Type.String(),
  fromPod: Type.Optional(Type.String()),
  toPod: Type.Optional(Type.String()),
  packets: Count,
})
export type Dropped = Static<typeof Dropped>

const stay = {
  from: Nanoseconds,
  ready: Type.String({ pattern: '^[0-9]{1,20}$', description: 'From when on it was to be reached.' }),
  leaving: Type.String({ pattern: '^[0-9]{1,20}$', description: 'From when on it need not be reached.' }),
  until: Nanoseconds,
}

/** Nodes and pods that joined while it changed, and left; several may have had the same addresses one after the other. */
export const Guests = Type.Object({
  nodes: Type.Array(Type.Object({ ...nodeFields, ...stay })),
  pods: Type.Array(Type.Object({ ...podFields, ...stay })),
})
export type Guests = Static<typeof Guests>

/** What changed under traffic, and when. */
export const Change = Type.Object({
  what: Type.String({ description: 'What was done, in words.' }),
  rounds: Count,
  moments: Type.Array(Type.Object({ at: Nanoseconds, what: Type.String() })),
  seed: Type.Optional(Type.String({ description: 'What the random instants were drawn from.' })),
  outages: Type.Optional(
    Type.Array(Reading, { description: 'When there was no way through, until it was there again.' }),
  ),
  denials: Type.Optional(Type.Array(Denial)),
  attempts: Type.Optional(Type.Array(Attempt)),
  dropped: Type.Optional(Type.Array(Dropped)),
  guests: Type.Optional(Guests),
})
export type Change = Static<typeof Change>

/** What a policy says is to be encrypted, where that is not everything. */
export const Scope = Type.Object({
  what: Type.String({ description: 'Whose traffic, in words.' }),
  pods: Type.Array(Type.String(), { description: 'Whose traffic: with one of them at either end.' }),
  nodes: Type.Optional(
    Type.Array(Type.String(), {
      description: 'Nodes that have what they send themselves encrypted, to each other and to pods.',
    }),
  ),
  policy: Type.String({ description: 'The policies that were in force, in YAML.' }),
})
export type Scope = Static<typeof Scope>

/** One arm without its captures and its keys. */
export const ArmFacts = Type.Object({
  name: ArmName,
  settings: Type.Object({ encryptL3: Type.Boolean(), strict: Type.Boolean() }),
  sabotage: Type.Optional(Sabotage),
  change: Type.Optional(Change),
  scope: Type.Optional(Scope),
  started: Nanoseconds,
  ended: Nanoseconds,
  canaries: Type.Array(Canary),
  streams: Type.Optional(Type.Array(Stream)),
  sessions: Type.Optional(Type.Array(Session)),
  instruments: Type.Array(Instrument),
  countersBefore: CountersByNode,
  countersAfter: CountersByNode,
  readings: Type.Object(
    { before: Reading, after: Reading },
    { description: 'When the security associations were read, both times while every instrument listened.' },
  ),
  refusalsBefore: RefusalsByNode,
  refusalsAfter: RefusalsByNode,
})
export type ArmFacts = Static<typeof ArmFacts>

/** Everything a verdict needs besides captures and security associations. */
export const RunFacts = Type.Object({
  demo: Type.String(),
  cluster: Type.Object({
    name: Type.String(),
    isDisposable: Type.Boolean({ description: 'Whether it is a lab, whose keys protect nothing else.' }),
  }),
  kernel: Type.Object({
    kind: Type.Union([Type.Literal('host'), Type.Literal('uml'), Type.Literal('qemu')]),
    release: Type.String(),
    machine: Type.String(),
  }),
  versions: Type.Record(Type.String(), Type.String()),
  nodes: Type.Array(NodeFacts),
  pods: Type.Array(PodFacts),
  arms: Type.Array(ArmFacts),
})
export type RunFacts = Static<typeof RunFacts>

export const CheckState = Type.Union([
  Type.Literal('holds'),
  Type.Literal('fails'),
  Type.Literal('inconclusive'),
])
export type CheckState = Static<typeof CheckState>

/** A frame that made a check fail; the number is the one Wireshark shows for it in the bundle's file. */
export const Offender = Type.Object({
  file: Type.Union([Type.Literal('wire.pcapng'), Type.Literal('pods.pcapng')]),
  interface: Type.String(),
  frame: Type.Integer({ minimum: 1 }),
  time: Type.String({ description: 'Nanoseconds since the epoch.' }),
  why: Type.String(),
})
export type Offender = Static<typeof Offender>

export const CheckResult = Type.Object({
  id: CheckId,
  arm: ArmName,
  state: CheckState,
  says: Type.String({ description: 'One sentence with the numbers.' }),
  numbers: Type.Record(Type.String(), Type.Number()),
  offenders: Type.Array(Offender, { description: 'The first few.' }),
  covers: Type.Optional(Type.String({ description: 'What the check does not cover yet.' })),
})
export type CheckResult = Static<typeof CheckResult>

export const Verdict = Type.Union([
  Type.Literal('PROVEN'),
  Type.Literal('LEAK'),
  Type.Literal('INCONCLUSIVE'),
])
export type Verdict = Static<typeof Verdict>

const ArmJudgement = Type.Object({
  verdict: Verdict,
  expected: Verdict,
})

export const Judgement = Type.Object({
  verdict: Verdict,
  says: Type.String({ description: 'One sentence.' }),
  arms: Type.Record(Type.String(), ArmJudgement, { description: 'By name of the arm.' }),
  checks: Type.Array(CheckResult),
})
export type Judgement = Static<typeof Judgement>
