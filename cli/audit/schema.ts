import Type, { type Static } from 'typebox'
import { flowVerdicts } from '../../agent/api.ts'

const Count = Type.Integer({ minimum: 0 })
const Time = Type.String({ description: 'ISO 8601.' })
const Labels = Type.Record(Type.String(), Type.String())

const End = Type.Object({
  address: Type.String(),
  port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_535 })),
  pod: Type.Optional(Type.String()),
  node: Type.Optional(Type.String()),
  identity: Type.Optional(Count),
  labels: Type.Optional(Labels),
})

/** One flow between pods of different nodes, as all agents together tell it. */
export const AuditedFlow = Type.Object({
  protocol: Type.String(),
  source: End,
  destination: End,
  outcome: Type.Union([Type.Literal('encrypted'), Type.Literal('clear'), Type.Literal('held-back')], {
    description:
      'clear: some of it was, or arrived, in clear. held-back: none of it was, and some was dropped. encrypted: all of it.',
  }),
  verdict: Type.Enum(flowVerdicts, { description: 'Of the event that decided the outcome.' }),
  reason: Type.String({ description: 'Of the same event.' }),
  epochs: Type.Array(Count, { description: 'Ids of the cluster keys it was seen under.' }),
  packets: Type.Integer({
    minimum: 0,
    description: 'Of the outcome, at the hook that told of most; as far as events told of them.',
  }),
  bytes: Count,
  first: Time,
  last: Time,
  toldBy: Type.Array(Type.String(), { description: 'Nodes whose agents told of it.' }),
})
export type AuditedFlow = Static<typeof AuditedFlow>

export const AuditedNode = Type.Object({
  node: Type.String(),
  answered: Type.Boolean(),
  problem: Type.Optional(Type.String({ description: 'Why it did not answer.' })),
  encryptL3: Type.Optional(Type.Boolean()),
  strict: Type.Optional(Type.Boolean()),
  suite: Type.Optional(Type.String()),
  keyId: Type.Optional(Count),
  keySince: Type.Optional(Time),
  agentSince: Type.Optional(Time),
  peers: Type.Optional(Count),
  eventsLost: Count,
})
export type AuditedNode = Static<typeof AuditedNode>

export const AuditReport = Type.Object(
  {
    format: Type.Literal('wireproof-audit'),
    version: Type.Literal(1),
    cluster: Type.String(),
    created: Time,
    window: Type.Object({ from: Time, to: Time }),
    conclusion: Type.Union([
      Type.Literal('encrypted'),
      Type.Literal('not-encrypted'),
      Type.Literal('inconclusive'),
    ]),
    because: Type.Array(Type.String(), { description: 'Why it is not "encrypted"; empty when it is.' }),
    nodes: Type.Array(AuditedNode),
    flows: Type.Object({
      encrypted: Count,
      clear: Count,
      heldBack: Count,
      outOfScope: Type.Integer({
        minimum: 0,
        description: 'Events of flows within a node, or that are not protected.',
      }),
    }),
    violations: Type.Array(AuditedFlow, { description: 'Those in clear.' }),
    heldBack: Type.Array(AuditedFlow, {
      description: 'Those of which something was dropped, none in clear.',
    }),
  },
  { $schema: 'https://json-schema.org/draft/2020-12/schema', title: 'Wireproof encryption audit' },
)
export type AuditReport = Static<typeof AuditReport>
