/** What can change under traffic that must not notice; docs/proof.md says how each is done. */
export const changeKinds = [
  'rotate',
  'restart',
  'partition',
  'upgrade',
  'replay',
  'policy',
  'spoof',
  'churn',
] as const
export type ChangeKind = (typeof changeKinds)[number]

/** What a change may cost the traffic. */
export type Price =
  /** Nothing: every datagram arrives, once. */
  | 'nothing'
  /** What was sent while there was no way through, and nothing after. */
  | 'outages'
  /** What was sent while it was denied, all of it, and nothing else. */
  | 'denials'
  /** What was sent to somebody who was not there. */
  | 'absence'

const prices: Readonly<Record<ChangeKind, Price>> = {
  rotate: 'nothing',
  restart: 'nothing',
  partition: 'outages',
  upgrade: 'nothing',
  replay: 'nothing',
  policy: 'denials',
  spoof: 'nothing',
  churn: 'absence',
}

export function priceOf(change: ChangeKind): Price {
  return prices[change]
}

/** The same change made as it must not be, by which the checks show that they can fail. */
export const botchedArms = [
  'rotate/hasty',
  'restart/forgetful',
  'partition/open',
  'upgrade/bare',
  'replay/unwindowed',
  'policy/frozen',
  'spoof/open',
  'churn/unguarded',
] as const
export type BotchedArm = (typeof botchedArms)[number]

/** What a botched change must come to. */
export type Mishap =
  /** Datagrams are lost, nothing leaves in clear, and kernels counted what they could not open or seal. */
  | 'loss'
  /** Packets leave in clear, and the captures show it. */
  | 'leak'
  /** Datagrams arrive twice. */
  | 'repetition'
  /** What must not arrive does, encrypted though it may be. */
  | 'arrival'

const mishaps: Readonly<Record<BotchedArm, Mishap>> = {
  'rotate/hasty': 'loss',
  'restart/forgetful': 'loss',
  'partition/open': 'leak',
  'upgrade/bare': 'leak',
  'replay/unwindowed': 'repetition',
  'policy/frozen': 'arrival',
  'spoof/open': 'arrival',
  'churn/unguarded': 'leak',
}

export function isChange(arm: string): arm is ChangeKind {
  return (changeKinds as readonly string[]).includes(arm)
}

export function isBotched(arm: string): arm is BotchedArm {
  return (botchedArms as readonly string[]).includes(arm)
}

export function mishapOf(arm: BotchedArm): Mishap {
  return mishaps[arm]
}

export function botchOf(change: ChangeKind): BotchedArm {
  return botchedArms.find((arm) => arm.startsWith(`${change}/`))!
}

/** Of a change, or of one that was botched. */
export function changeOf(arm: string): ChangeKind | undefined {
  return changeKinds.find((kind) => arm === kind || arm === botchOf(kind))
}
