/** enum xfrm_attr_type_t of include/uapi/linux/xfrm.h, as far as it is used here. */
export const XFRMA = {
  ALG_CRYPT: 2,
  TMPL: 5,
  REPLAY_VAL: 10,
  SRCADDR: 13,
  LASTUSED: 15,
  ALG_AEAD: 18,
  ALG_AUTH_TRUNC: 20,
  MARK: 21,
  REPLAY_ESN_VAL: 23,
  SET_MARK: 29,
  SET_MARK_MASK: 30,
  SA_DIR: 33,
} as const

export const IPPROTO_ESP = 50
export const mode = { transport: 0, tunnel: 1 } as const

export type Mode = keyof typeof mode

export function readMode(value: number): Mode {
  if (value === mode.transport) return 'transport'
  if (value === mode.tunnel) return 'tunnel'
  throw new Error(`XFRM mode ${value} is neither transport (0) nor tunnel (1)`)
}
