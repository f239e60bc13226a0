/** Block types and option codes of draft-ietf-opsawg-pcapng. */
export const Block = {
  section: 0x0a0d0d0a,
  interface: 1,
  packetObsolete: 2,
  simplePacket: 3,
  nameResolution: 4,
  interfaceStatistics: 5,
  enhancedPacket: 6,
  secrets: 10,
} as const

export const Option = {
  end: 0,
  comment: 1,
  sectionHardware: 2,
  sectionSystem: 3,
  sectionApplication: 4,
  interfaceName: 2,
  interfaceDescription: 3,
  interfaceResolution: 9,
  interfaceTimeOffset: 14,
  statisticsReceived: 4,
  statisticsDroppedByInterface: 5,
  statisticsAccepted: 6,
  statisticsDroppedBySystem: 7,
} as const

/** Records of a name resolution block. */
export const NameRecord = { end: 0, ipv4: 1, ipv6: 2 } as const

export const BYTE_ORDER_MAGIC = 0x1a2b3c4d

/** Options and variable data are padded to four bytes. */
export const padded = (length: number): number => (length + 3) & ~3
