import { generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Judgement, judge, observe } from '../proof/index.ts'
import type { SyntheticRun } from '../proof/synthetic.ts'
import { file } from './format.ts'
import { attestBundle, type BundleOptions, writeBundle } from './write-bundle.ts'

/** For tests: who signs their bundles. */
export const { privateKey, publicKey } = generateKeyPairSync('ed25519')

export const created = new Date('2026-11-24T03:45:00.123Z')

/** For tests: a whole bundle of a run that was never played, with its own judgement or with what is claimed of it. */
export async function leaveBundle(
  directory: string,
  run: SyntheticRun,
  { claims, ...options }: Omit<BundleOptions, 'created'> & { claims?: Judgement } = {},
): Promise<void> {
  const view = observe(run)
  await writeBundle(directory, view, claims ?? judge(view), { created, ...options })
  writeFileSync(join(directory, file.cast), '{"version":2,"width":80,"height":24}\n')
  attestBundle(directory, privateKey)
}
