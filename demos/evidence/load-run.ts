import { CaptureError, readBatches } from 'tcpdump-parse'
import { Problem } from '../../lab/problem.ts'
import type { ArmRecord, CapturedFrame, Material, Recording, RunRecord } from '../proof/index.ts'

/** Reads the captures of a run as its runner recorded them. */
export async function loadRun(record: RunRecord, signal?: AbortSignal): Promise<Material> {
  const recordings: Recording[] = []
  for (const arm of record.arms)
    for (const point of arm.points)
      recordings.push(await readRecording(arm.name, point.name, point.file, signal))
  return {
    facts: { ...record, arms: record.arms.map(factsOf) },
    associations: record.arms.map(({ name, sasBefore, sasAfter }) => ({
      arm: name,
      before: sasBefore,
      after: sasAfter,
    })),
    recordings,
  }
}

function factsOf({ points, sasBefore: _, sasAfter: __, ...arm }: ArmRecord) {
  const instruments = points.map(({ name, captured, passed, dropped }) => ({
    name,
    captured,
    passed,
    dropped,
  }))
  return { ...arm, instruments }
}

async function readRecording(
  arm: Recording['arm'],
  instrument: string,
  path: string,
  signal?: AbortSignal,
): Promise<Recording> {
  const frames: CapturedFrame[] = []
  let linkType = 1
  let problem: string | undefined
  const options = {
    ...(signal && { signal }),
    onProblem: ({ message }: { message: string }) => {
      problem ??= message
    },
  }
  try {
    for await (const batch of readBatches(path, options))
      for (const packet of batch) {
        linkType = packet.interface.linkType
        frames.push({ time: packet.time, data: packet.data, length: packet.length })
      }
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error
    throw new Problem('ECAPTURE', 4, `the capture at ${instrument} in the ${arm} arm: ${error.message}`)
  }
  return { arm, instrument, linkType, frames, ...(problem !== undefined && { problem }) }
}
