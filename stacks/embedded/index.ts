import { fileURLToPath } from 'node:url'
import type { Get } from '../configuration.ts'
import { EmbeddedLab } from './embedded-lab.ts'
import { readSettings } from './settings.ts'

// Pulumi runs the program in its own directory, and paths in the configuration are seen from the project's.
const root = fileURLToPath(new URL('../..', import.meta.url))

/** The stack `embedded`: a lab on the machine that runs Pulumi. */
export function program(get: Get) {
  const { lab, kernel, nodes, pods, next } = new EmbeddedLab('embedded', readSettings(get, root))
  return { lab, kernel, nodes, pods, next }
}
