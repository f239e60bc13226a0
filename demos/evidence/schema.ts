import Type, { type Static } from 'typebox'
import { ArmFacts, ArmName, Judgement, RunFacts } from '../proof/schema.ts'
import { formatVersion } from './format.ts'

const Digest = Type.String({ pattern: '^[0-9a-f]{64}$' })
const Count = Type.Integer({ minimum: 0 })
const hex = '^([0-9a-f]{2})+$'

export const Evidence = Type.Object(
  {
    format: Type.Literal('wireproof-evidence'),
    version: Type.Literal(formatVersion),
    created: Type.String({ description: 'When the bundle was written, ISO 8601.' }),
    ...Judgement.properties,
    ...Type.Omit(RunFacts, ['arms']).properties,
    played: Type.Array(ArmFacts, { description: 'What was set, sent and counted in each arm.' }),
    recordings: Type.Array(
      Type.Object({
        arm: ArmName,
        instrument: Type.String(),
        frames: Count,
        problem: Type.Optional(Type.String({ description: 'Why the recording was not whole.' })),
      }),
      { description: 'What each instrument recorded: an interface of wire.pcapng or pods.pcapng.' },
    ),
    withheld: Type.Array(Type.Object({ name: Type.String(), sha256: Digest }), {
      description:
        'Files with keys that were left out, so that they can be recognised when they are shown later.',
    }),
    files: Type.Array(
      Type.Object({
        name: Type.String(),
        sha256: Digest,
        bytes: Count,
        keys: Type.Boolean({ description: "Whether the file holds the lab's keys." }),
      }),
      { description: 'What the verdict is computed from. attestation.json covers every file.' },
    ),
  },
  { $schema: 'https://json-schema.org/draft/2020-12/schema', title: 'Wireproof evidence' },
)
export type Evidence = Static<typeof Evidence>

/** The form of sas.json: what every node held before and after each arm. */
export const Associations = Type.Array(
  Type.Object({
    arm: ArmName,
    when: Type.Union([Type.Literal('before'), Type.Literal('after')]),
    node: Type.String(),
    direction: Type.Union([Type.Literal('in'), Type.Literal('out')]),
    source: Type.String(),
    destination: Type.String(),
    spi: Type.Integer({ minimum: 1, maximum: 0xffffffff }),
    reqid: Count,
    mode: Type.Union([Type.Literal('tunnel'), Type.Literal('transport')]),
    algorithm: Type.Union([
      Type.Literal('rfc4106(gcm(aes))'),
      Type.Literal('rfc7539esp(chacha20,poly1305)'),
      Type.Literal('cbc(aes)'),
    ]),
    key: Type.String({ pattern: hex, description: 'Of the cipher, with its salt. Lab keys only.' }),
    icvBits: Type.Integer(),
    integrity: Type.Optional(
      Type.Object(
        { algorithm: Type.Literal('hmac(sha256)'), key: Type.String({ pattern: hex }) },
        { description: 'What authenticates where the cipher does not.' },
      ),
    ),
    esn: Type.Boolean({ description: 'Whether sequence numbers have 64 bits, of which 32 are sent.' }),
    packets: Count,
    bytes: Count,
    sequence: Type.String({
      pattern: '^[0-9]{1,20}$',
      description: 'The last one sent, or the highest received.',
    }),
  }),
)
export type Associations = Static<typeof Associations>
