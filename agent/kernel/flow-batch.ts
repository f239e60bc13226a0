import { AF_INET, AF_INET6, formatAddress } from '@wireproof/netlink'
import { FLOW_EVENT, type FlowEvent, hooks, nameOf, reasons, verdicts } from './datapath-layout.ts'

/** Where events lie, such as a RingBatch of libbpf. */
interface Located {
  readonly count: number
  readonly bytes: Buffer
  readonly offsets: Uint32Array
  readonly lengths: Uint32Array
}

/** More addresses than a node talks to at once; beyond, texts are made again. */
const mostTexts = 65_536
const mappedWord = 0xffff0000

/**
 * Flow events as the datapath wrote them, still in its ring: valid during the call that gets them. Numbers are read in
 * place, so that a listener can pass over millions of events that are not for it; {@link event} makes an object of one.
 */
export class FlowBatch {
  #at: Located = { count: 0, bytes: Buffer.alloc(0), offsets: new Uint32Array(), lengths: new Uint32Array() }
  #view: DataView = new DataView(new ArrayBuffer(0))
  /** Text of IPv4 addresses, by number: most events are about addresses that were there a moment ago. */
  readonly #texts = new Map<number, string>()

  /** Takes the next batch in place of the last. @throws RangeError for events of another version of the datapath. */
  take(batch: Located): this {
    const { count, bytes, lengths } = batch
    for (let i = 0; i < count; i++)
      if (lengths[i] !== FLOW_EVENT.size)
        throw new RangeError(`a flow event has ${FLOW_EVENT.size} bytes, not ${lengths[i]}: rebuild bpf/`)
    this.#at = batch
    if (this.#view.buffer !== bytes.buffer)
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    return this
  }

  get count(): number {
    return this.#at.count
  }

  /** Index into {@link hooks}. */
  hook(index: number): number {
    return this.#at.bytes[this.#at.offsets[index]! + FLOW_EVENT.hook]!
  }

  /** Index into {@link verdicts}. */
  verdict(index: number): number {
    return this.#at.bytes[this.#at.offsets[index]! + FLOW_EVENT.verdict]!
  }

  /** Index into {@link reasons}. */
  reason(index: number): number {
    return this.#at.bytes[this.#at.offsets[index]! + FLOW_EVENT.reason]!
  }

  sourcePort(index: number): number {
    return this.#view.getUint16(this.#at.offsets[index]! + FLOW_EVENT.sourcePort, true)
  }

  /** The event as an object, which lasts. */
  event(index: number): FlowEvent {
    const at = this.#at.offsets[index]!
    const { bytes } = this.#at
    const view = this.#view
    return {
      time: view.getBigUint64(at + FLOW_EVENT.time, true),
      source: this.#address(at + FLOW_EVENT.source),
      destination: this.#address(at + FLOW_EVENT.destination),
      packets: view.getBigUint64(at + FLOW_EVENT.packets, true),
      bytes: view.getBigUint64(at + FLOW_EVENT.bytes, true),
      sourcePort: view.getUint16(at + FLOW_EVENT.sourcePort, true),
      destinationPort: view.getUint16(at + FLOW_EVENT.destinationPort, true),
      protocol: bytes[at + FLOW_EVENT.protocol]!,
      hook: nameOf(hooks, bytes[at + FLOW_EVENT.hook]!),
      verdict: nameOf(verdicts, bytes[at + FLOW_EVENT.verdict]!),
      reason: nameOf(reasons, bytes[at + FLOW_EVENT.reason]!),
      sourceIdentity: view.getUint32(at + FLOW_EVENT.sourceIdentity, true),
      destinationIdentity: view.getUint32(at + FLOW_EVENT.destinationIdentity, true),
      mark: view.getUint32(at + FLOW_EVENT.mark, true),
      rule: view.getUint32(at + FLOW_EVENT.rule, true),
    }
  }

  #address(at: number): string {
    const view = this.#view
    const isIpv4 =
      view.getUint32(at + 8, true) === mappedWord &&
      view.getUint32(at, true) === 0 &&
      view.getUint32(at + 4, true) === 0
    if (!isIpv4) return formatAddress(AF_INET6, this.#at.bytes.subarray(at, at + 16))
    const number = view.getUint32(at + 12, true)
    let text = this.#texts.get(number)
    if (text === undefined) {
      text = formatAddress(AF_INET, this.#at.bytes.subarray(at + 12, at + 16))
      if (this.#texts.size >= mostTexts) this.#texts.clear()
      this.#texts.set(number, text)
    }
    return text
  }
}
