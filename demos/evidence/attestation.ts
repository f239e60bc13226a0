import { createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { expectedState, type Judgement } from '../proof/index.ts'

export const payloadType = 'application/vnd.in-toto+json'

/** A file and what it must hash to. */
export interface Subject {
  readonly name: string
  readonly digest: { readonly sha256: string }
}

/** An in-toto Statement v1 with a test-result predicate. */
export interface Statement {
  readonly _type: 'https://in-toto.io/Statement/v1'
  readonly subject: readonly Subject[]
  readonly predicateType: 'https://in-toto.io/attestation/test-result/v0.1'
  readonly predicate: {
    readonly result: 'PASSED' | 'WARNED' | 'FAILED'
    readonly configuration: readonly Subject[]
    readonly passedTests: readonly string[]
    readonly warnedTests: readonly string[]
    readonly failedTests: readonly string[]
  }
}

/** A DSSE envelope, https://github.com/secure-systems-lab/dsse. */
export interface Envelope {
  readonly payloadType: string
  readonly payload: string
  readonly signatures: readonly { readonly keyid: string; readonly sig: string }[]
}

const results = { PROVEN: 'PASSED', INCONCLUSIVE: 'WARNED', LEAK: 'FAILED' } as const

export function statement(judgement: Judgement, subject: readonly Subject[]): Statement {
  const named = (wanted: (result: Judgement['checks'][number]) => boolean) =>
    judgement.checks.filter(wanted).map(({ arm, id }) => `${arm}/${id}`)
  const asExpected = ({ arm, id, state }: Judgement['checks'][number]) => state === expectedState(arm, id)
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject,
    predicateType: 'https://in-toto.io/attestation/test-result/v0.1',
    predicate: {
      result: results[judgement.verdict],
      configuration: subject.filter(({ name }) => name === 'evidence.json'),
      passedTests: named(asExpected),
      warnedTests: named((result) => !asExpected(result) && result.state === 'inconclusive'),
      failedTests: named((result) => !asExpected(result) && result.state !== 'inconclusive'),
    },
  }
}

export function seal(content: Statement, privateKey: KeyObject): Envelope {
  const payload = Buffer.from(JSON.stringify(content))
  const signature = sign(null, preAuthentication(payload), privateKey)
  return {
    payloadType,
    payload: payload.toString('base64'),
    signatures: [{ keyid: fingerprint(createPublicKey(privateKey)), sig: signature.toString('base64') }],
  }
}

/** The one way an envelope is written, so that no byte of the file can change unnoticed. */
export function envelopeText(envelope: Envelope): string {
  const { payload, signatures } = envelope
  const plain = { payloadType, payload, signatures: signatures.map(({ keyid, sig }) => ({ keyid, sig })) }
  return `${JSON.stringify(plain, null, 2)}\n`
}

/** What was signed, or undefined when the key did not sign it. The envelope's key id is only a hint and is not looked at. */
export function unseal(envelope: Envelope, publicKey: KeyObject): Statement | undefined {
  const [signature] = envelope.signatures
  const payload = Buffer.from(envelope.payload, 'base64')
  const canonical = payload.toString('base64') === envelope.payload
  if (!signature || !canonical) return undefined
  const bytes = Buffer.from(signature.sig, 'base64')
  if (bytes.toString('base64') !== signature.sig) return undefined
  if (!verify(null, preAuthentication(payload), publicKey, bytes)) return undefined
  return JSON.parse(payload.toString('utf8')) as Statement
}

/** SHA-256 of the public key in its SubjectPublicKeyInfo form. */
export function fingerprint(publicKey: KeyObject): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')
}

function preAuthentication(payload: Buffer): Buffer {
  return Buffer.concat([
    Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} `),
    payload,
  ])
}
