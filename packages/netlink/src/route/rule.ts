import { AF_INET, AF_INET6 } from '../address.ts'
import { type Message, readAttributes } from '../reader.ts'
import type { Writer } from '../writer.ts'

/** Which packets are routed by a table: of one family, those with a mark. */
export interface MarkRule {
  readonly family: 4 | 6
  /** Rules of a smaller number are asked first. */
  readonly priority: number
  readonly table: number
  readonly mark?: { readonly value: number; readonly mask: number }
}

const HEADER_LENGTH = 12
const FRA = { PRIORITY: 6, MARK: 10, TABLE: 15, MASK: 16 }
const FR_ACT_TO_TBL = 1

/** struct fib_rule_hdr and its attributes. */
export function writeRule(writer: Writer, { family, priority, table, mark }: MarkRule): void {
  writer.u8(family === 4 ? AF_INET : AF_INET6)
  writer.zero(6)
  writer.u8(FR_ACT_TO_TBL)
  writer.u32(0)
  writer.attributeU32(FRA.PRIORITY, priority)
  writer.attributeU32(FRA.TABLE, table)
  if (mark === undefined) return
  writer.attributeU32(FRA.MARK, mark.value)
  writer.attributeU32(FRA.MASK, mark.mask)
}

/** Undefined for a rule of another family. */
export function readRule({ payload }: Message): MarkRule | undefined {
  const family = payload.readUInt8(0)
  if (family !== AF_INET && family !== AF_INET6) return undefined
  const attributes = readAttributes(payload.subarray(HEADER_LENGTH))
  const [mark, mask] = [attributes.get(FRA.MARK), attributes.get(FRA.MASK)]
  return {
    family: family === AF_INET ? 4 : 6,
    priority: attributes.get(FRA.PRIORITY)?.readUInt32LE(0) ?? 0,
    table: attributes.get(FRA.TABLE)?.readUInt32LE(0) ?? payload.readUInt8(4),
    ...(mark && mask && { mark: { value: mark.readUInt32LE(0), mask: mask.readUInt32LE(0) } }),
  }
}
