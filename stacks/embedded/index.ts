import { fileURLToPath } from 'node:url'
import { Config, RunError } from '@pulumi/pulumi'
import { Problem } from '../../lab/problem.ts'
import { EmbeddedLab } from './embedded-lab.ts'
import { readSettings } from './settings.ts'

/** The stack `embedded`: a lab on the machine that runs Pulumi. */

// Pulumi runs the program in its own directory, and paths in the configuration are seen from the project's.
const root = fileURLToPath(new URL('../..', import.meta.url))

const embedded = new EmbeddedLab('embedded', settings())

export const { lab, kernel, nodes, pods, next } = embedded

function settings() {
  const config = new Config()
  try {
    return readSettings((key) => config.get(key), root)
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    // A RunError is shown as its message alone, without a stack.
    throw new RunError([error.message, error.remedy].filter(Boolean).join('\n'))
  }
}
