/**
 * Makes of a package here what is published of it: `node packages/build.ts <package>` leaves in `packages/<package>/dist`
 * its compiled modules, their declarations, its README and licence, and a package.json that points to them. `npm pack
 * ./packages/<package>/dist` then packs it. In the repository itself nothing is compiled: Node runs the sources.
 */
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

interface Manifest {
  readonly exports: Readonly<Record<string, string>>
  readonly [field: string]: unknown
}

/**
 * @param target is removed first; `dist` in the package by default.
 * @returns the directory that can be packed.
 */
export function buildPackage(name: string, target = join(root, 'packages', name, 'dist')): string {
  const source = join(root, 'packages', name)
  const manifestFile = join(source, 'package.json')
  if (!existsSync(manifestFile)) throw new Error(`there is no packages/${name}`)
  rmSync(target, { recursive: true, force: true })
  compile(source, target)
  const manifest = JSON.parse(readFileSync(manifestFile, 'utf8')) as Manifest
  writeFileSync(join(target, 'package.json'), `${JSON.stringify(published(manifest), null, 2)}\n`)
  copyFileSync(join(source, 'README.md'), join(target, 'README.md'))
  copyFileSync(join(root, 'LICENSE'), join(target, 'LICENSE'))
  return target
}

function compile(source: string, target: string): void {
  const argv = [join(root, 'node_modules/typescript/bin/tsc'), '-p', join(source, 'tsconfig.build.json')]
  const { status, stdout, stderr } = spawnSync(process.execPath, [...argv, '--outDir', target], {
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`${source} does not compile:\n${stdout}${stderr}`)
  for (const file of globSync('**/*.d.ts', { cwd: target })) nameCompiled(join(target, file))
}

/** The compiler leaves the names of sources in declarations, which are not published. */
function nameCompiled(file: string): void {
  const text = readFileSync(file, 'utf8')
  writeFileSync(file, text.replace(/((?:from|import) ?\(?['"]\.[^'"]*)\.ts(?=['"])/g, '$1.js'))
}

function published({ exports, devDependencies: _, ...manifest }: Manifest): object {
  const compiled = Object.entries(exports).map(([path, file]) => {
    const module = file.replace(/^\.\/src\//, './').replace(/\.ts$/, '')
    return [path, { types: `${module}.d.ts`, default: `${module}.js` }]
  })
  return { ...manifest, exports: Object.fromEntries(compiled), files: ['**/*.js', '**/*.d.ts'] }
}

if (import.meta.main) {
  const [name] = process.argv.slice(2)
  if (name === undefined) throw new Error('which package?')
  process.stdout.write(`${buildPackage(name)}\n`)
}
