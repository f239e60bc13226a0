/** The demos there are. Apart from the demos themselves, which take long to load. */
export const demoNames = ['transparent-encryption', 'fire-drill'] as const

export type DemoName = (typeof demoNames)[number]
