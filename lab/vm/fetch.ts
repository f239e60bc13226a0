/** Brings the kernel that this machine will boot, where its own has no ESP. */
import { Problem } from '../problem.ts'
import { umlArtefact } from './artefacts/uml.ts'
import { chooseKernel } from './choose-kernel.ts'

try {
  if ((await chooseKernel('auto')).kind === 'uml') await umlArtefact()
} catch (error) {
  if (!(error instanceof Problem)) throw error
  process.stderr.write(`${error.message}${error.remedy ? `; ${error.remedy}` : ''}\n`)
  process.exit(error.exitCode)
}
