import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Survey } from 'tcpdump-parse'
import { buildPackage } from '../packages/build.ts'
import { SAS, TOKENS } from './capture-file.ts'

const run = promisify(execFile)

export interface Run extends Survey {
  readonly seconds: number
  /** Most memory that the process had at a time. */
  readonly peakKiB: number
}

/** Surveys captures with the published form of the package, each time in a new process. */
export class SurveyProcess implements Disposable {
  readonly #entry = join(buildPackage('tcpdump-parse'), 'survey/survey.js')
  readonly #directory = mkdtempSync(join(tmpdir(), 'wireproof-bench-'))

  async survey(path: string, threads: number, scan: boolean): Promise<Run> {
    const job = join(this.#directory, `${scan}.json`)
    const sas = SAS.map((sa) => ({ ...sa, key: sa.key.toString('hex') }))
    writeFileSync(job, JSON.stringify({ sas, tokens: scan ? TOKENS : [] }))
    const script = fileURLToPath(new URL('./survey-ours.mjs', import.meta.url))
    const start = performance.now()
    const { stdout } = await run(process.execPath, [script, this.#entry, path, `${threads}`, job])
    const seconds = (performance.now() - start) / 1000
    return { ...(JSON.parse(stdout) as Survey & { peakKiB: number }), seconds }
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true })
  }
}
