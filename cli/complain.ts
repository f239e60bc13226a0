import { styleText } from 'node:util'
import { Problem } from '../lab/problem.ts'
import { exitCode } from './exit-codes.ts'

const environment: Record<string, [message: string, remedy: string]> = {
  ENOSPC: [
    'the disk is full',
    'Free some space, or point TMPDIR, XDG_CACHE_HOME and --evidence at another disk.',
  ],
  EDQUOT: ['the disk quota is used up', 'Free some space, or point --evidence at another disk.'],
  EROFS: ['the file system is read-only', 'Point --evidence at a directory that can be written.'],
  EACCES: ['permission is missing', 'wireproof doctor says which privileges are there.'],
  EPERM: ['permission is missing', 'wireproof doctor says which privileges are there.'],
}

/** Shows an error as a sentence and a remedy, and returns its exit code. A stack only where WIREPROOF_DEBUG asks for it. */
export function complain(error: unknown, output: NodeJS.WritableStream = process.stderr): number {
  const problem = asProblem(error)
  output.write(
    `${styleText('red', 'wireproof:', { stream: output as NodeJS.WriteStream })} ${problem.message}\n`,
  )
  if (problem.remedy) output.write(`  ${problem.remedy}\n`)
  if (process.env.WIREPROOF_DEBUG) output.write(`${(error as Error).stack}\n`)
  return problem.exitCode
}

function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error
  const { code, message, path } = error as NodeJS.ErrnoException
  const known = code === undefined ? undefined : environment[code]
  if (known) return new Problem(code ?? '', exitCode.environment, `${known[0]}: ${path ?? message}`, known[1])
  const remedy = 'This is a defect of ours: run again with WIREPROOF_DEBUG=1 and report what it prints.'
  return new Problem('EDEFECT', exitCode.environment, message || String(error), remedy)
}
