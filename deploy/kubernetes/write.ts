/** Writes the manifests for people without Pulumi: `node deploy/kubernetes/write.ts`. */
import { writeFileSync } from 'node:fs'
import { manifestFiles } from './files.ts'

for (const [name, text] of Object.entries(manifestFiles()))
  writeFileSync(new URL(name, import.meta.url), text)
