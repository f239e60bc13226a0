import { changeKinds } from './proof/change.ts'

/** Those in which something changes under traffic, as often as `--rounds` says. */
export const changeDemoNames = changeKinds

/** The demos there are. Apart from the demos themselves, which take long to load. */
export const demoNames = [
  'transparent-encryption',
  'fire-drill',
  'services',
  'nodes',
  ...changeDemoNames,
] as const

export type DemoName = (typeof demoNames)[number]
