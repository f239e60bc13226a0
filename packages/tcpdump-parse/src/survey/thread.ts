import { parentPort, workerData } from 'node:worker_threads'
import type { EspSa } from '../esp/sa.ts'
import { type Share, surveyShare } from './share.ts'

const share = workerData as Share
parentPort?.postMessage(await surveyShare({ ...share, sas: share.sas.map(revived) }))

/** A Buffer arrives in another thread as a plain Uint8Array. */
function revived({ integrity, ...sa }: EspSa): EspSa {
  return {
    ...sa,
    key: Buffer.from(sa.key),
    ...(integrity && { integrity: { ...integrity, key: Buffer.from(integrity.key) } }),
  }
}
