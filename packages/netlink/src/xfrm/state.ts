import { familyOf } from '../address.ts'
import { type Attributes, type Message, readAttributes } from '../reader.ts'
import type { Writer } from '../writer.ts'
import {
  readAuthenticating,
  readEncryption,
  writeAuthenticating,
  writeEncryption,
  type XfrmAlgorithms,
} from './algorithms.ts'
import { IPPROTO_ESP, type Mode, mode, readMode, XFRMA } from './attributes.ts'
import { type Replay, readReplay, readReplayEsn, writeReplayEsn } from './replay.ts'
import {
  type Mark,
  readMark,
  readXfrmAddress,
  SELECTOR_LENGTH,
  writeMark,
  writeUnlimitedLifetime,
  writeXfrmAddress,
} from './selector.ts'

/** What names a security association in the kernel. */
export interface XfrmStateId {
  readonly destination: string
  readonly spi: number
  readonly mark?: Mark
}

/** An ESP security association as it is asked for: `aead`, or `encryption` with `authentication`. */
export type XfrmStateOptions = XfrmAlgorithms &
  XfrmStateId & {
    /** Outer addresses. */
    readonly source: string
    readonly reqid: number
    readonly mode: Mode
    /**
     * Packets that may arrive out of order, at most 4096; 0, the default, checks nothing. Of extended sequence numbers at
     * least 1, unless the direction is `out`.
     */
    readonly replayWindow?: number
    /** Set on packets this association has encrypted or decrypted: `value` in the bits of `mask`. */
    readonly outputMark?: Mark
    /** 64-bit extended sequence numbers (RFC 4303 section 2.2.1). */
    readonly esn?: boolean
    /** Last sequence numbers of an earlier life to go on after; for ESN or a replay window above 32 only. */
    readonly goOnAfter?: { readonly sent?: bigint; readonly received?: bigint }
    /** For Linux 6.10 and later, which then refuses what does not fit, such as a replay window on `out`; ignored before. */
    readonly direction?: 'in' | 'out'
  }

/** A security association as the kernel holds it, with its keys: handle as a secret. */
export type XfrmState = XfrmStateOptions & {
  readonly replayWindow: number
  readonly esn: boolean
  /** What it has protected so far; bytes are those of inner packets. */
  readonly lifetime: { readonly packets: number; readonly bytes: number }
  /** Last sequence numbers sent and received; with ESN all 64 bits. */
  readonly replay: Replay
  readonly failures: { readonly replayWindow: number; readonly replay: number; readonly integrity: number }
  /** Seconds since the epoch when it was added, when it was first used, and when last; 0 for never. */
  readonly added: number
  readonly used: number
  readonly lastUsed: number
}

const INFO_LENGTH = 224
const XFRM_STATE_AF_UNSPEC = 32
const XFRM_STATE_ESN = 128
const LARGEST_PLAIN_WINDOW = 32
const directions = { in: 1, out: 2 } as const

/** struct xfrm_usersa_info and its attributes (include/uapi/linux/xfrm.h). */
export function writeState(writer: Writer, state: XfrmStateOptions): void {
  const family = familyOf(state.destination)
  if (familyOf(state.source) !== family)
    throw new TypeError(
      `an SA needs two addresses of one family, not ${state.source} and ${state.destination}`,
    )
  const window = state.replayWindow ?? 0
  const extended = state.esn === true || window > LARGEST_PLAIN_WINDOW
  if (state.goOnAfter && !extended)
    throw new TypeError(
      'an SA goes on after given sequence numbers only with ESN or a replay window above 32',
    )
  writer.zero(SELECTOR_LENGTH)
  writeXfrmAddress(writer, state.destination)
  writer.bigU32(state.spi)
  writer.u8(IPPROTO_ESP)
  writer.zero(3)
  writeXfrmAddress(writer, state.source)
  writeUnlimitedLifetime(writer)
  writer.zero(32 + 12 + 4)
  writer.u32(state.reqid)
  writer.u16(family)
  writer.u8(mode[state.mode])
  writer.u8(extended ? 0 : window)
  // A tunnel without a selector carries both address families, where the kernel would assume the outer one.
  writer.u8((state.mode === 'tunnel' ? XFRM_STATE_AF_UNSPEC : 0) | (state.esn ? XFRM_STATE_ESN : 0))
  writer.zero(7)
  const { mark, outputMark, direction } = state
  writeAlgorithms(writer, state)
  if (extended) {
    const start = writer.beginAttribute(XFRMA.REPLAY_ESN_VAL)
    writeReplayEsn(writer, window, state.goOnAfter)
    writer.endAttribute(start)
  }
  if (mark) writer.attribute(XFRMA.MARK, () => writeMark(writer, mark))
  if (outputMark) {
    writer.attributeU32(XFRMA.SET_MARK, outputMark.value)
    writer.attributeU32(XFRMA.SET_MARK_MASK, outputMark.mask)
  }
  if (direction) writer.attributeU8(XFRMA.SA_DIR, directions[direction])
}

function writeAlgorithms(writer: Writer, { aead, encryption, authentication }: XfrmAlgorithms): void {
  if (aead) {
    const start = writer.beginAttribute(XFRMA.ALG_AEAD)
    writeAuthenticating(writer, aead)
    writer.endAttribute(start)
    return
  }
  writer.attribute(XFRMA.ALG_AUTH_TRUNC, () => writeAuthenticating(writer, authentication))
  writer.attribute(XFRMA.ALG_CRYPT, () => writeEncryption(writer, encryption))
}

/** struct xfrm_usersa_id. */
export function writeStateId(writer: Writer, { destination, spi, mark }: XfrmStateId): void {
  writeXfrmAddress(writer, destination)
  writer.bigU32(spi)
  writer.u16(familyOf(destination))
  writer.u8(IPPROTO_ESP)
  writer.zero(1)
  if (mark) writer.attribute(XFRMA.MARK, () => writeMark(writer, mark))
}

/** @returns undefined for what is no ESP association that both encrypts and authenticates, such as AH. */
export function readState({ payload }: Message): XfrmState | undefined {
  const attributes = readAttributes(payload.subarray(INFO_LENGTH))
  const algorithms = readAlgorithms(attributes)
  if (!algorithms || payload.readUInt8(76) !== IPPROTO_ESP) return undefined
  const family = payload.readUInt16LE(212)
  const direction = attributes.get(XFRMA.SA_DIR)?.readUInt8(0)
  const esnReplay = attributes.get(XFRMA.REPLAY_ESN_VAL)
  const plainReplay = attributes.get(XFRMA.REPLAY_VAL)
  const mark = attributes.get(XFRMA.MARK)
  return {
    source: readXfrmAddress(family, payload, 80),
    destination: readXfrmAddress(family, payload, 56),
    spi: payload.readUInt32BE(72),
    reqid: payload.readUInt32LE(208),
    mode: readMode(payload.readUInt8(214)),
    ...algorithms,
    replayWindow: esnReplay ? esnReplay.readUInt32LE(20) : payload.readUInt8(215),
    esn: (payload.readUInt8(216) & XFRM_STATE_ESN) !== 0,
    lifetime: {
      bytes: Number(payload.readBigUInt64LE(160)),
      packets: Number(payload.readBigUInt64LE(168)),
    },
    added: Number(payload.readBigUInt64LE(176)),
    used: Number(payload.readBigUInt64LE(184)),
    lastUsed: Number(attributes.get(XFRMA.LASTUSED)?.readBigUInt64LE(0) ?? 0n),
    replay: esnReplay ? readReplayEsn(esnReplay) : readReplay(plainReplay),
    failures: {
      replayWindow: payload.readUInt32LE(192),
      replay: payload.readUInt32LE(196),
      integrity: payload.readUInt32LE(200),
    },
    ...(mark ? { mark: readMark(mark) } : {}),
    ...outputMark(attributes),
    ...(direction === directions.in ? { direction: 'in' } : {}),
    ...(direction === directions.out ? { direction: 'out' } : {}),
  }
}

function outputMark(attributes: Attributes): Pick<XfrmState, 'outputMark'> {
  const value = attributes.get(XFRMA.SET_MARK)?.readUInt32LE(0)
  if (value === undefined) return {}
  return { outputMark: { value, mask: attributes.get(XFRMA.SET_MARK_MASK)?.readUInt32LE(0) ?? 0xffffffff } }
}

function readAlgorithms(attributes: Attributes): XfrmAlgorithms | undefined {
  const aead = attributes.get(XFRMA.ALG_AEAD)
  if (aead) return { aead: readAuthenticating(aead) }
  const encryption = attributes.get(XFRMA.ALG_CRYPT)
  // The kernel lists ALG_AUTH as well, which lacks the length of the ICV.
  const authentication = attributes.get(XFRMA.ALG_AUTH_TRUNC)
  if (!encryption || !authentication) return undefined
  return { encryption: readEncryption(encryption), authentication: readAuthenticating(authentication) }
}
