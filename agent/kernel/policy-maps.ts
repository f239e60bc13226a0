import type { BpfMap } from '@wireproof/libbpf'
import type { SessionUse } from '../api.ts'
import {
  readSessionCounts,
  writeCidrKey,
  writeNumber,
  writePodPolicy,
  writePolicyKey,
} from '../policy/layout.ts'
import type { PolicyMaps } from '../policy/table.ts'
import { writePodKey } from './datapath-layout.ts'
import { whileOutOfReserve } from './patience.ts'

/** @param map finds one of the datapath's maps by its name. */
export function policyMaps(map: (name: string) => BpfMap): PolicyMaps {
  const set = (name: string, key: Buffer, value: Buffer) => whileOutOfReserve(() => map(name).set(key, value))
  return {
    allow: (number, allowance, rule) => set('policies', writePolicyKey(number, allowance), writeNumber(rule)),
    disallow: (number, allowance) => map('policies').delete(writePolicyKey(number, allowance)),
    classify: (number, { direction, prefix, addressClass }) =>
      set('policy_cidrs', writeCidrKey(number, direction, prefix), writeNumber(addressClass)),
    declassify: (number, { direction, prefix }) =>
      map('policy_cidrs').delete(writeCidrKey(number, direction, prefix)),
    place: (device, pod) => set('pod_policies', writePodKey(device), writePodPolicy(pod)),
    displace: (device) => map('pod_policies').delete(writePodKey(device)),
  }
}

/** How full the sessions' map is; counted entry by entry, which takes milliseconds. */
export function readSessionUse(map: (name: string) => BpfMap): SessionUse {
  const sessions = map('sessions')
  let entries = 0
  for (const _ of sessions.entries()) entries++
  const { begun, refused } = readSessionCounts(map('session_counts').getPerCpu(Buffer.alloc(4)) ?? [])
  return {
    entries,
    capacity: sessions.maxEntries,
    begun,
    evicted: Math.max(0, begun - entries),
    refused,
  }
}
