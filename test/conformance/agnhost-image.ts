import { join } from 'node:path'
import { writeImageArchive } from '../../images/archive/image-archive.ts'
import { fileAt } from '../../images/content/libraries.ts'

/** As the suite of Kubernetes 1.34.2 asks for it; what the nodes have under this name is not pulled. */
const name = 'registry.k8s.io/e2e-test-images/agnhost:2.56'

/**
 * What upstream's image has for the cases about NetworkPolicy: the program, and nothing around it.
 *
 * @returns the archive's path.
 */
export async function writeAgnhostImage(program: string, directory: string): Promise<string> {
  const archive = join(directory, 'agnhost.tar')
  const entries = [await fileAt(program, 'agnhost', 0o755)]
  await writeImageArchive(archive, [{ names: [name], entrypoint: ['/agnhost'], entries }])
  return archive
}
