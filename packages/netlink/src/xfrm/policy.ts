import { familyOf } from '../address.ts'
import { type Message, readAttributes } from '../reader.ts'
import type { Writer } from '../writer.ts'
import { IPPROTO_ESP, type Mode, mode, readMode, XFRMA } from './attributes.ts'
import {
  type Mark,
  readMark,
  readSelector,
  readXfrmAddress,
  type Selector,
  writeMark,
  writeSelector,
  writeUnlimitedLifetime,
  writeXfrmAddress,
} from './selector.ts'

const directions = { in: 0, out: 1, fwd: 2 } as const
const actions = { allow: 0, block: 1 } as const

/** What names a policy in the kernel. */
export interface XfrmPolicyId extends Selector {
  readonly direction: 'in' | 'out' | 'fwd'
  readonly mark?: Mark
}

/** Which ESP association a policy's packets must use. */
export interface XfrmTemplate {
  /** Outer addresses; of a transport mode template, those of the packets where left out. */
  readonly source: string
  readonly destination: string
  readonly reqid: number
  /** Any, when absent. */
  readonly spi?: number
  readonly mode: Mode
  /** Packets pass in clear while there is no association. Absent: they are dropped. */
  readonly optional?: boolean
}

export interface XfrmPolicy extends XfrmPolicyId {
  /** The lowest number is asked first. */
  readonly priority: number
  readonly template?: XfrmTemplate
  /** `allow` when absent. */
  readonly action?: 'allow' | 'block'
}

const INFO_LENGTH = 168
const TEMPLATE_LENGTH = 64

/** struct xfrm_userpolicy_info and its attributes (include/uapi/linux/xfrm.h). */
export function writePolicy(writer: Writer, policy: XfrmPolicy): void {
  const { template, mark } = policy
  writeSelector(writer, policy)
  writeUnlimitedLifetime(writer)
  writer.zero(32)
  writer.u32(policy.priority)
  writer.zero(4)
  writer.u8(directions[policy.direction])
  writer.u8(actions[policy.action ?? 'allow'])
  writer.zero(6)
  if (template) {
    const start = writer.beginAttribute(XFRMA.TMPL)
    writeTemplate(writer, template)
    writer.endAttribute(start)
  }
  if (mark) {
    const start = writer.beginAttribute(XFRMA.MARK)
    writeMark(writer, mark)
    writer.endAttribute(start)
  }
}

/** struct xfrm_user_tmpl. */
function writeTemplate(writer: Writer, template: XfrmTemplate): void {
  const family = familyOf(template.destination)
  writeXfrmAddress(writer, template.destination)
  writer.bigU32(template.spi ?? 0)
  writer.u8(IPPROTO_ESP)
  writer.zero(3)
  writer.u16(family)
  writer.zero(2)
  writeXfrmAddress(writer, template.source)
  writer.u32(template.reqid)
  writer.u8(mode[template.mode])
  writer.u8(0)
  writer.u8(Number(template.optional ?? false))
  writer.zero(1)
  // Authentication, encryption and compression algorithms: any.
  writer.ones(12)
}

/** struct xfrm_userpolicy_id. */
export function writePolicyId(writer: Writer, { direction, mark, ...selector }: XfrmPolicyId): void {
  writeSelector(writer, selector)
  writer.zero(4)
  writer.u8(directions[direction])
  writer.zero(3)
  if (mark) writer.attribute(XFRMA.MARK, () => writeMark(writer, mark))
}

/** @returns undefined for the policy of a single socket, which has no direction of its own. */
export function readPolicy({ payload }: Message): XfrmPolicy | undefined {
  const direction = (['in', 'out', 'fwd'] as const)[payload.readUInt8(160)]
  if (!direction) return undefined
  const attributes = readAttributes(payload.subarray(INFO_LENGTH))
  const template = attributes.get(XFRMA.TMPL)
  const mark = attributes.get(XFRMA.MARK)
  return {
    direction,
    ...readSelector(payload),
    priority: payload.readUInt32LE(152),
    action: payload.readUInt8(161) === actions.block ? 'block' : 'allow',
    ...(mark ? { mark: readMark(mark) } : {}),
    ...(template && template.length >= TEMPLATE_LENGTH ? { template: readTemplate(template) } : {}),
  }
}

function readTemplate(bytes: Buffer): XfrmTemplate {
  const family = bytes.readUInt16LE(24)
  const spi = bytes.readUInt32BE(16)
  return {
    source: readXfrmAddress(family, bytes, 28),
    destination: readXfrmAddress(family, bytes, 0),
    reqid: bytes.readUInt32LE(44),
    mode: readMode(bytes.readUInt8(48)),
    ...(spi ? { spi } : {}),
    ...(bytes.readUInt8(50) ? { optional: true } : {}),
  }
}
