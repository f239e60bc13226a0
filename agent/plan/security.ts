import type {
  XfrmAlgorithms,
  XfrmPolicy,
  XfrmPolicyId,
  XfrmStateId,
  XfrmStateOptions,
} from '@wireproof/netlink'

/** A security association that the node should have. */
export type DesiredState = XfrmStateOptions & {
  /** See PairKey. */
  readonly fingerprint: string
}

export function nameOfState({ destination, spi }: XfrmStateId): string {
  return `${destination} ${spi}`
}

export function nameOfPolicy(policy: XfrmPolicyId): string {
  const { direction, source, destination, protocol, sourcePort, destinationPort, mark } = policy
  const ports = `${sourcePort} ${destinationPort}`
  return `${direction} ${source} ${destination} ${protocol} ${ports} ${mark?.value}/${mark?.mask}`
}

/** Whether the association in the kernel is the one wanted, its keys included. */
export function sameState(a: XfrmStateOptions, b: XfrmStateOptions): boolean {
  return (
    a.source === b.source &&
    a.reqid === b.reqid &&
    a.mode === b.mode &&
    sameAlgorithms(a, b) &&
    (a.esn ?? false) === (b.esn ?? false) &&
    a.replayWindow === b.replayWindow &&
    a.outputMark?.value === b.outputMark?.value &&
    a.outputMark?.mask === b.outputMark?.mask
  )
}

function sameAlgorithms(a: XfrmAlgorithms, b: XfrmAlgorithms): boolean {
  const [cipher, other] = [a.aead ?? a.encryption, b.aead ?? b.encryption]
  const [authentication, otherAuthentication] = [a.aead ?? a.authentication, b.aead ?? b.authentication]
  return (
    (a.aead === undefined) === (b.aead === undefined) &&
    cipher.name === other.name &&
    cipher.key.equals(other.key) &&
    authentication.name === otherAuthentication.name &&
    authentication.icvBits === otherAuthentication.icvBits &&
    authentication.key.equals(otherAuthentication.key)
  )
}

export function samePolicy(a: XfrmPolicy, b: XfrmPolicy): boolean {
  return (
    a.priority === b.priority &&
    (a.action ?? 'allow') === (b.action ?? 'allow') &&
    a.template?.source === b.template?.source &&
    a.template?.destination === b.template?.destination &&
    a.template?.reqid === b.template?.reqid &&
    a.template?.spi === b.template?.spi &&
    a.template?.mode === b.template?.mode &&
    (a.template?.optional ?? false) === (b.template?.optional ?? false)
  )
}
