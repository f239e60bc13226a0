/**
 * Load, attach and read BPF programs from Node, through libbpf: no compiler and no child process.
 *
 * ```ts
 * import { attachTc, openObject, openRing } from '@wireproof/libbpf'
 *
 * const object = openObject('count.o').load()
 * const ring = openRing(object.map('events'), (event) => console.log(event.readUInt32LE()), console.error)
 * attachTc(object.program('count'), { device: 1, direction: 'ingress' })
 * ```
 */
export { BpfError } from './bpf-error.ts'
export { type Features, features } from './features.ts'
export { BpfMap, possibleCpus, update } from './map.ts'
export { BpfObject, OpenObject, type OpenOptions, openObject } from './object.ts'
export { markOf, Program, socketBuffer, type TestResult, type TestRun } from './program.ts'
export { openRing, openRingInBatches, type Ring, type RingBatch } from './ring.ts'
export { attachedTc, attachTc, detachTc, type TcPlace } from './tc.ts'
