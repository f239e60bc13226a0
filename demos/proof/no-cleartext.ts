import { type Outcome, offendersShown, plural } from './check.ts'
import { nothingToJudge } from './instruments.ts'
import { type ArmView, offender } from './observe.ts'

/** Holds when no frame on the wire carries a pod's address outside encryption. */
export function noCleartext(arm: ArmView): Outcome {
  const clear = arm.clear()
  const esp = arm.wire.filter(({ frame }) => frame.esp).length
  const numbers = { frames: arm.wire.length, esp, clear: clear.length }
  const covers =
    'Tunnels other than VXLAN, Geneve, IP-in-IP and ICMP quotes are searched for the bytes of pod addresses only.'
  if (clear[0])
    return {
      state: 'fails',
      says: `${plural(clear.length, 'frame')} of ${arm.wire.length.toLocaleString('en')} on the wire ${clear.length === 1 ? 'shows' : 'show'} pod traffic outside encryption, the first: ${clear[0].why}.`,
      numbers,
      offenders: clear.slice(0, offendersShown).map(({ seen, why }) => offender(seen, why)),
      covers,
    }
  const nothing = nothingToJudge(arm)
  if (nothing) return { state: 'inconclusive', says: nothing, numbers, offenders: [], covers }
  return {
    state: 'holds',
    says: `None of ${plural(arm.wire.length, 'frame')} on the wire shows a pod address outside ESP; ${plural(esp, 'frame')} ${esp === 1 ? 'is' : 'are'} ESP.`,
    numbers,
    offenders: [],
    covers,
  }
}
