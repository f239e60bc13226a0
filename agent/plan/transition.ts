import type { DatapathSettings } from '../cluster/state.ts'

/** What the datapath should do next on its way to the settings. */
export interface Transition {
  readonly datapath: DatapathSettings
  /** Why this is not the settings yet. */
  readonly waiting: string | undefined
}

/**
 * Switches a running cluster without losing a packet, although nodes switch one after the other: a node must not refuse
 * cleartext while others still send it, and must not send cleartext while others refuse it. So encryption is on
 * everywhere before anyone is strict, and nobody is strict any more before anyone turns it off.
 *
 * @param now what the datapath does; undefined at the agent's start, which goes to the settings at once, so that a node
 *   is never permissive without being told.
 * @param peers what the other nodes' datapaths do; asked for only while there is something to switch.
 * @param patient false when the peers have had their time: then the settings win over the packets.
 */
export function nextDatapath(
  settings: DatapathSettings,
  now: DatapathSettings | undefined,
  peers: () => readonly DatapathSettings[],
  patient: boolean,
): Transition {
  if (!now || !patient) return { datapath: settings, waiting: undefined }
  if (settings.encryptL3) {
    if (!settings.strict || enforces(now) || peers().every((peer) => peer.encryptL3))
      return { datapath: settings, waiting: undefined }
    return { datapath: { encryptL3: true, strict: false }, waiting: 'other nodes still send in clear' }
  }
  if (!now.encryptL3) return { datapath: settings, waiting: undefined }
  if (!enforces(now) && !peers().some(enforces)) return { datapath: settings, waiting: undefined }
  return { datapath: { encryptL3: true, strict: false }, waiting: 'other nodes still refuse cleartext' }
}

function enforces({ encryptL3, strict }: DatapathSettings): boolean {
  return encryptL3 && strict
}
