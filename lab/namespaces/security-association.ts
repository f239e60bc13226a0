import type { XfrmState } from '@wireproof/netlink'
import type { SecurityAssociation } from '../../agent/api.ts'

type Cipher = SecurityAssociation['algorithm']
type Integrity = NonNullable<SecurityAssociation['integrity']>['algorithm']

const ciphers: readonly Cipher[] = ['rfc4106(gcm(aes))', 'rfc7539esp(chacha20,poly1305)', 'cbc(aes)']
const integrities: readonly Integrity[] = ['hmac(sha256)']

/** What a node's kernel holds, as everybody else is told of it. @throws Error for algorithms that no agent of ours uses. */
export function describeAssociation(node: string, state: XfrmState, outbound: boolean): SecurityAssociation {
  const { aead, encryption, authentication, replay } = state
  const cipher = aead ?? encryption
  return {
    node,
    direction: outbound ? 'out' : 'in',
    source: state.source,
    destination: state.destination,
    spi: state.spi,
    reqid: state.reqid,
    mode: state.mode,
    algorithm: known(ciphers, cipher.name),
    key: cipher.key.toString('hex'),
    icvBits: (aead ?? authentication).icvBits,
    ...(authentication && {
      integrity: {
        algorithm: known(integrities, authentication.name),
        key: authentication.key.toString('hex'),
      },
    }),
    esn: state.esn,
    packets: state.lifetime.packets,
    bytes: state.lifetime.bytes,
    sequence: `${outbound ? replay.sent : replay.received}`,
  }
}

function known<Name extends string>(names: readonly Name[], name: string): Name {
  const found = names.find((each) => each === name)
  if (found === undefined)
    throw new Error(`an SA with ${name} is none of ours: known are ${names.join(', ')}`)
  return found
}
