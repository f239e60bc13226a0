import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { imagesDirectory } from '../../images/directories.ts'
import { programDigest, versions } from '../../images/node/programs.ts'
import { type Report, timed } from '../../images/progress.ts'
import { buildProgram, findGo, type GoBuild } from '../../setup/pulumi/build.ts'
import { install, isIntact } from '../../setup/pulumi/cache.ts'

const wrapper = fileURLToPath(new URL('go', import.meta.url))
const remedy = 'run this on a machine that has Go and reaches its module proxy'

/** Upstream’s harness with its cases, what runs several of them at once, and the program in the pods that they make. */
const programs = {
  'e2e.test': {
    name: 'e2e.test',
    wrapper,
    package: '.',
    stamp: `k8s.io/component-base/version.gitVersion=v${versions.kubernetes}`,
    remedy,
  },
  ginkgo: { name: 'ginkgo', wrapper, package: 'github.com/onsi/ginkgo/v2/ginkgo', stamp: [], remedy },
  agnhost: { name: 'agnhost', wrapper, package: 'k8s.io/kubernetes/test/images/agnhost', stamp: [], remedy },
} as const satisfies Record<string, GoBuild>

/** Seconds it took on two busy cores with Kubernetes' own packages in Go's cache. */
const seconds = { 'e2e.test': 120, ginkgo: 20, agnhost: 30 }

/**
 * Builds a program, once, into this user's cache.
 *
 * @returns its path.
 * @throws Problem where there is no Go, or the build fails.
 */
export async function obtainProgram(name: keyof typeof programs, report: Report): Promise<string> {
  const program: GoBuild = programs[name]
  const directory = join(imagesDirectory(), 'programs', `${name}-${process.arch}-${programDigest(program)}`)
  if (!(await isIntact(directory, [name]))) {
    const go = await findGo(`upstream’s ${name} has to be built here`, remedy)
    const build = (partial: string) => buildProgram(go, program, partial)
    await timed(report, name, () => install(directory, build, [name]), seconds[name])
  }
  return join(directory, name)
}
