import { parentPort, workerData } from 'node:worker_threads'
import { type Share, tallyShare } from './tally-share.ts'

const share = workerData as Share
// A Buffer arrives in another thread as a plain Uint8Array.
const sas = share.sas.map((sa) => ({ ...sa, key: Buffer.from(sa.key) }))
parentPort?.postMessage(await tallyShare({ ...share, sas }))
