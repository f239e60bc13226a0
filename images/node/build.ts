import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { obtainKind } from '@wireproof/kind-js'
import { buildProgram, findGo } from '../../setup/pulumi/build.ts'
import { install, isIntact } from '../../setup/pulumi/cache.ts'
import { writeImageArchive } from '../archive/image-archive.ts'
import { type TarEntry, tarOf, withDirectories } from '../archive/tar.ts'
import { command } from '../command.ts'
import { imagesDirectory } from '../directories.ts'
import { type Report, timed } from '../progress.ts'
import { furnish } from './base.ts'
import { serverImages } from './control-plane-images.ts'
import { type NodeProgram, programDigest, programs, versions } from './programs.ts'
import { assertCanBuildNode } from './requirements.ts'
import { rootArchive } from './root.ts'

export interface NodeBuildOptions {
  /** The image's name. */
  readonly name: string
  /** Where its archive goes. */
  readonly file: string
  readonly report: Report
  readonly signal?: AbortSignal | undefined
}

const wrapperOfKind = new URL('../go/kind/', import.meta.url).pathname
const installKind =
  'use a machine that reaches an image registry, or install Go 1.21 or newer and put it on PATH'

/**
 * A node image of kind, from packages alone: a Debian root, Kubernetes and what it runs on from their Go modules, put
 * together by kind itself. What was built stays in the cache, program by program: a build that was interrupted goes on.
 *
 * @throws Problem (3) where this machine cannot, (4) where something around it fails.
 */
export async function buildNodeImage({ name, file, report, signal }: NodeBuildOptions): Promise<void> {
  await assertCanBuildNode()
  const go = await findGo('Kubernetes has to be built here', installKind)
  // The one waits for the network and the other for processors.
  const [kind, root] = await Promise.all([
    obtainKind({ onNotice: report, ...(signal && { signal }) }),
    rootArchive(report, signal),
    buildPrograms(go, report, signal),
  ])
  const scratch = await mkdtemp(join(tmpdir(), 'wireproof-node-'))
  const tag = `wireproof-node-parts:${process.pid}`
  try {
    const directory = join(scratch, 'root')
    await mkdir(directory)
    await command('unpacking the root file system', ['tar', '-C', directory, '-xpf', root], { signal })
    await furnish(directory, join(await kindModule(go, signal), 'images/base'), programPath, signal)
    const pause = await compilePause(go, scratch, signal)
    const server = join(scratch, 'server.tar.gz')
    await timed(report, 'server tarball', () => writeServer(server, scratch, directory, pause, signal), 20)
    await timed(report, 'base image', () => importBase(directory, scratch, `${tag}-base`, signal), 20)
    const built = `${tag}-node`
    const argv = [
      'build',
      'node-image',
      '--type',
      'file',
      '--base-image',
      `${tag}-base`,
      '--image',
      built,
      server,
    ] as const
    await timed(
      report,
      'kind build node-image',
      () => command('kind build node-image', [kind, ...argv], { signal }),
      40,
    )
    await dockerBuild(finalLayer(built), scratch, name, signal)
    await timed(
      report,
      'saving the node image',
      () => command('docker save', ['docker', 'save', '-o', file, name], { signal }),
      15,
    )
  } finally {
    const removal = 'docker image rm -f "$1-base" "$1-node" >/dev/null 2>&1; true'
    await command('removing intermediate images', ['sh', '-c', removal, 'sh', tag])
    await rm(scratch, { recursive: true, force: true })
  }
}

/** Changes whenever the image would be another. */
export function nodeDigest(): string {
  const parts = programs.map((each) => [each.name, programDigest(each)])
  return createHash('sha256')
    .update(JSON.stringify([recipe, versions, parts]))
    .digest('hex')
    .slice(0, 12)
}

/** Its tag tells Kubernetes' version and what it was built from. */
export function nodeImageName(): string {
  return `wireproof-node:v${versions.kubernetes}-${nodeDigest()}`
}

/** To be raised with every change to how the image is put together. */
const recipe = 1

/** Where a program is once it was built. */
export function programPath(name: string): string {
  const program = programs.find((each) => each.name === name)
  if (!program) throw new Error(`no program is called ${name}`)
  return join(programDirectory(program), name)
}

function programDirectory(program: NodeProgram): string {
  return join(imagesDirectory(), 'programs', `${program.name}-${process.arch}-${programDigest(program)}`)
}

/** One after the other: `go build` keeps every processor busy by itself, and later ones find the earlier ones' packages. */
async function buildPrograms(go: string, report: Report, signal: AbortSignal | undefined): Promise<void> {
  const missing: NodeProgram[] = []
  for (const program of programs)
    if (!(await isIntact(programDirectory(program), [program.name]))) missing.push(program)
  const seconds = missing.reduce((sum, program) => sum + program.seconds, 0)
  if (missing.length > 0)
    report(
      `building ${missing.length} programs from Go modules: about ${Math.ceil(seconds / 60)} minutes on two cores ` +
        'with empty caches, and 8 GB in Go’s caches',
    )
  for (const [number, program] of missing.entries()) {
    signal?.throwIfAborted()
    const build = (partial: string) => buildProgram(go, program, partial, signal)
    await timed(
      report,
      `${program.name} (${number + 1} of ${missing.length})`,
      () => install(programDirectory(program), build, [program.name]),
      program.seconds,
    )
  }
}

/** kind's own module, in Go's cache, compared with the hash in images/go/kind/go.sum. */
async function kindModule(go: string, signal: AbortSignal | undefined): Promise<string> {
  return await moduleDirectory(go, wrapperOfKind, 'sigs.k8s.io/kind', signal)
}

async function moduleDirectory(
  go: string,
  wrapper: string,
  module: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  const text = await command(`fetching ${module}`, [go, 'mod', 'download', '-json', module], {
    signal,
    directory: wrapper,
    environment: { GOTOOLCHAIN: 'auto', ...process.env, GOFLAGS: '', GOWORK: 'off' },
  })
  return (JSON.parse(text) as { Dir: string }).Dir
}

/** The container that holds a pod's namespaces: Kubernetes' own, from its module. */
async function compilePause(go: string, scratch: string, signal: AbortSignal | undefined): Promise<string> {
  const { wrapper } = programs.find(({ module }) => module === 'kubernetes')!
  const kubernetes = await moduleDirectory(go, wrapper, 'k8s.io/kubernetes', signal)
  const source = join(kubernetes, 'build/pause/linux/pause.c')
  const pause = join(scratch, 'pause')
  const version = `-DVERSION=v${versions.pause}`
  await command('compiling pause', ['gcc', '-Os', '-Wall', '-static', version, '-o', pause, source], {
    signal,
  })
  return pause
}

async function writeServer(
  file: string,
  scratch: string,
  root: string,
  pause: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const entries: TarEntry[] = [
    { type: 'file', name: 'kubernetes/version', content: Buffer.from(`v${versions.kubernetes}\n`) },
  ]
  const add = async (name: string, path: string) => {
    const { size } = await stat(path)
    entries.push({ type: 'file', name: `kubernetes/server/bin/${name}`, mode: 0o755, path, size })
  }
  for (const name of ['kubeadm', 'kubelet', 'kubectl']) await add(name, programPath(name))
  for (const [name, images] of Object.entries(await serverImages(root, programPath, pause, signal))) {
    const path = join(scratch, `${name}.tar`)
    await writeImageArchive(path, images)
    await add(`${name}.tar`, path)
  }
  // Fast rather than small: kind unpacks it at once.
  const gzip = createGzip({ level: 1 })
  await pipeline(Readable.from(tarOf(withDirectories(entries))), gzip, createWriteStream(file))
}

async function importBase(
  root: string,
  scratch: string,
  name: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const archive = join(scratch, 'base.tar')
  await command('packing the base image', ['tar', '-C', root, '-cf', archive, '.'], { signal })
  await command('docker import', ['docker', 'import', archive, name], { signal })
  await rm(archive)
  // `docker import --change` does not take STOPSIGNAL.
  const dockerfile = `FROM ${name}
ENV container=docker
STOPSIGNAL SIGRTMIN+3
ENTRYPOINT ["/usr/local/bin/entrypoint", "/sbin/init"]
`
  await dockerBuild({ dockerfile, files: {} }, scratch, name, signal)
}

interface Layer {
  readonly dockerfile: string
  readonly files: Readonly<Record<string, string>>
}

/** A storage class that promises nothing: the provisioner of kind's own is an image that is not here. */
function finalLayer(from: string): Layer {
  const storage = `apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata:
  name: standard
  annotations:
    storageclass.kubernetes.io/is-default-class: "true"
provisioner: kubernetes.io/no-provisioner
volumeBindingMode: WaitForFirstConsumer
`
  const dockerfile = `FROM ${from}
COPY default-storage.yaml /kind/manifests/default-storage.yaml
LABEL dev.wireproof.node=${nodeDigest()}
`
  return { dockerfile, files: { 'default-storage.yaml': storage } }
}

async function dockerBuild(
  { dockerfile, files }: Layer,
  scratch: string,
  name: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const context = await mkdtemp(join(scratch, 'context-'))
  await writeFile(join(context, 'Dockerfile'), dockerfile)
  for (const [file, content] of Object.entries(files)) await writeFile(join(context, file), content)
  // The classic builder takes an image that no registry has; BuildKit would look for it in one.
  const environment = { ...process.env, DOCKER_BUILDKIT: '0' }
  await command('docker build', ['docker', 'build', '-q', '-t', name, context], { signal, environment })
}
