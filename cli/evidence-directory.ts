import { resolve } from 'node:path'
import { makeDirectory } from '../demos/evidence/make-directory.ts'
import { Problem } from '../lab/problem.ts'
import { exitCode } from './exit-codes.ts'

/** The directory evidence goes to, made where it is missing, before any time is spent on a demo. */
export function evidenceDirectory(path: string): string {
  const directory = resolve(path)
  try {
    makeDirectory(directory)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const remedy = 'Point --evidence at a directory that can be written.'
    throw new Problem(
      'EEVIDENCE',
      exitCode.environment,
      `evidence cannot go to ${directory}: ${code}`,
      remedy,
    )
  }
  return directory
}
