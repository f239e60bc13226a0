import { globSync } from 'node:fs'
import { join } from 'node:path'
import { Problem } from '../lab/problem.ts'
import type { TarEntry } from './archive/tar.ts'
import type { PreparedImage } from './content/image.ts'
import { followImports } from './content/imports.ts'
import { fileAt } from './content/libraries.ts'
import { nodeComponent, nodePath, readLock, root, runtime, systemLibrary } from './content/node-runtime.ts'
import { type NeededPackage, npmClosure } from './content/npm-closure.ts'
import { sbomOf } from './content/sbom.ts'

/** Where the checkout's part that an agent is stands in its image. */
const home = 'opt/wireproof'

/** What the manifests in deploy/kubernetes start: the agent, the mirror beside it, and what looks at a node before. */
const programs = ['agent/main.ts', 'agent/kubernetes/main.ts', 'agent/kubernetes/survey.ts']

/**
 * The agent's image: Node, the agent's own files and those of the packages that these import, the datapath, and the
 * shared libraries of it all. No shell, no package manager.
 */
export async function agentImage(
  version: string,
  scratch: string,
  signal?: AbortSignal,
): Promise<PreparedImage> {
  const { files, packages } = followImports(root, programs)
  const lock = readLock()
  const needed = npmClosure(lock, packages, (name) => !name.startsWith('@types/'))
  const present = needed.filter(({ path }) => globSync(join(root, path)).length > 0)
  const ofPackages = present.flatMap((each) => packageFiles(each))
  const addons = ofPackages.filter((file) => file.endsWith('.node')).map((file) => join(root, file))
  const { entries, debian } = await runtime(scratch, [systemLibrary('libbpf.so.1'), ...addons], signal)
  const own = [...files, ...globSync('agent/hubble/proto/**/*.proto', { cwd: root }), 'LICENSE']
  const image = {
    names: [`wireproof-agent:${version}`],
    entrypoint: [nodePath, 'agent/main.ts'],
    workingDirectory: `/${home}`,
    labels: labelsOf('wireproof-agent', version),
    entries: [
      ...entries,
      { type: 'directory', name: 'tmp', mode: 0o1777 } as const,
      await datapath(),
      manifest(version),
      ...(await Promise.all([...own, ...ofPackages].map((file) => checkoutFile(file)))),
      ...present.filter(isWorkspace).map(workspaceLink),
    ],
  }
  const npm = [...present, nodeComponent(lock)]
  return { image, sbom: sbomOf({ name: 'wireproof-agent', version }, npm, debian) }
}

export function labelsOf(title: string, version: string): Record<string, string> {
  return { 'org.opencontainers.image.title': title, 'org.opencontainers.image.version': version }
}

async function datapath(): Promise<TarEntry> {
  const file = 'bpf/datapath.o'
  try {
    return await checkoutFile(file)
  } catch {
    throw new Problem('EDATAPATH', 3, `${file} is not built`, 'Run make -C bpf.')
  }
}

/** Of the project's package.json an agent asks for the version, and Node for the kind of its modules. */
function manifest(version: string): TarEntry {
  const content = Buffer.from(
    `${JSON.stringify({ name: 'wireproof', version, private: true, type: 'module' })}\n`,
  )
  return { type: 'file', name: `${home}/package.json`, content }
}

/** What is for people, for compilers and for tests stays out. */
const leftOut = /(\.d\.[cm]?ts|\.map|\.md|\.flow|\.cc|\.cpp|\.hh|\.h|CMakeLists\.txt|\.test\.ts|\.test\.js)$/i
/** At the top of a package only: further down, `doc` is somebody's word for a document. */
const leftOutDirectories = /^(tests?|docs?|examples?|vendor|\.github)\//
/** Of koffi’s builds for this architecture the one for another C library. */
const otherLibc = /(^|\/)musl_/

function packageFiles({ path }: NeededPackage): string[] {
  const inside = globSync('**', {
    cwd: join(root, path),
    withFileTypes: true,
    exclude: ['**/node_modules/**'],
  })
  return inside
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length))
    .filter((file) => {
      const within = file.slice(path.length + 1)
      return !leftOut.test(within) && !leftOutDirectories.test(within) && !otherLibc.test(within)
    })
    .sort()
}

async function checkoutFile(file: string): Promise<TarEntry> {
  return await fileAt(join(root, file), `${home}/${file}`, 0o644)
}

function isWorkspace({ path }: NeededPackage): boolean {
  return !path.startsWith('node_modules/')
}

function workspaceLink({ path, name }: NeededPackage): TarEntry {
  const up = '../'.repeat(name.split('/').length)
  return { type: 'symlink', name: `${home}/node_modules/${name}`, target: `${up}${path}` }
}
