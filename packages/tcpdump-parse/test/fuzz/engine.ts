import { crossChecked, fastEngine, nodeEngine } from '../../src/index.ts'

const fast = fastEngine()

/** Where there are two engines, each opens every packet, and an answer that differs is a finding. */
export const engine = 'engine' in fast ? crossChecked(fast.engine, nodeEngine, { sample: 1 }) : nodeEngine
