import Type, { type Static } from 'typebox'

/** A dotted IPv4 or a colon-separated IPv6 address. */
export type Address = string

const Name = Type.String({
  pattern: '^[a-z]([a-z0-9-]{0,10}[a-z0-9])?$',
  description: 'A name: lower-case letters, digits and dashes, at most 12, starting with a letter.',
})
const Labels = Type.Record(Type.String(), Type.String(), {
  description: 'Labels that services select pods by.',
})
const NodeLabels = Type.Record(Type.String(), Type.String(), {
  description: 'Labels that encryption policies select nodes by.',
})

export const NodeSpec = Type.Object(
  { name: Name, labels: Type.Optional(NodeLabels) },
  { additionalProperties: false },
)
export type NodeSpec = Static<typeof NodeSpec>

export const PodSpec = Type.Object(
  { name: Name, node: Name, labels: Type.Optional(Labels) },
  { additionalProperties: false },
)
export type PodSpec = Static<typeof PodSpec>

export const ServiceSpec = Type.Object(
  {
    name: Name,
    selector: Labels,
    port: Type.Integer({ minimum: 1, maximum: 65535 }),
    protocol: Type.Optional(Type.Union([Type.Literal('tcp'), Type.Literal('udp')])),
  },
  { additionalProperties: false },
)
export type ServiceSpec = Static<typeof ServiceSpec>

export const WireSpec = Type.Object(
  {
    mtu: Type.Optional(
      Type.Integer({
        minimum: 576,
        maximum: 65535,
        description: 'Bytes of IP packet the wire carries; 1500.',
      }),
    ),
    delayMs: Type.Optional(Type.Number({ minimum: 0, maximum: 10_000, description: 'One-way delay.' })),
    lossPercent: Type.Optional(Type.Number({ minimum: 0, maximum: 100 })),
    rateMbit: Type.Optional(Type.Number({ exclusiveMinimum: 0, description: 'Per node, in Mb/s.' })),
  },
  { additionalProperties: false },
)
export type WireSpec = Static<typeof WireSpec>

/** The first is what a lab has whose topology says nothing. */
export const ipFamilies = ['ipv4', 'ipv6'] as const
export type IpFamily = (typeof ipFamilies)[number]

/** How packets go from the node of one pod to that of another; the first is what a lab does whose topology says nothing. */
export const routings = ['native', 'vxlan'] as const
export type Routing = (typeof routings)[number]

/** What a lab is made of. lab/topology.schema.json is this, published. */
export const Topology = Type.Object(
  {
    nodes: Type.Array(NodeSpec, { minItems: 1, maxItems: 250 }),
    pods: Type.Optional(Type.Array(PodSpec)),
    services: Type.Optional(Type.Array(ServiceSpec)),
    ipFamilies: Type.Optional(
      Type.Array(Type.Enum([...ipFamilies]), {
        minItems: 1,
        uniqueItems: true,
        description:
          'Address families of pods, the one they are shown with first; ipv4. With ipv6, nodes have it on the wire.',
      }),
    ),
    routing: Type.Optional(
      Type.Enum([...routings], {
        description:
          'How packets go from the node of one pod to that of another: by routes on the wire, native, or in VXLAN.',
      }),
    ),
    wire: Type.Optional(WireSpec),
  },
  {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Wireproof topology',
    additionalProperties: false,
  },
)
export type Topology = Static<typeof Topology>
