import { spawn } from 'node:child_process'
import { existsSync, readdirSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'

/** What could not be brought, why, and what a person can do. */
class Failure extends Error {
  constructor(exitCode, message, remedy) {
    super(message)
    this.exitCode = exitCode
    this.remedy = remedy
  }
}

const say = (line) => process.stderr.write(`${line}\n`)

/**
 * Brings what is missing, as much of it at once as can be: npm's packages and Debian's together, then the datapath and,
 * where this machine's kernel will not do, User-Mode Linux.
 *
 * @param {string} root
 * @param {import('./missing.mjs').Missing} missing
 * @returns {Promise<Failure | undefined>}
 */
export async function install(root, missing) {
  announce(missing)
  const modules = missing.modules ? npmPackages(root) : Promise.resolve()
  const debian = missing.packages.length > 0 ? debianPackages(missing.packages) : Promise.resolve()
  const steps = [
    modules,
    debian,
    // The header directory differs by machine, so a compiler alone is not enough to start with.
    debian.then(() => (missing.datapath ? datapath(root) : undefined)),
    modules.then(() => kernel(root)),
  ]
  // All are waited for: a half-made installation that goes on behind an error message helps nobody.
  const outcomes = await Promise.allSettled(steps)
  const failed = outcomes.find(({ status }) => status === 'rejected')
  if (!failed) return undefined
  if (failed.reason instanceof Failure) return failed.reason
  throw failed.reason
}

function announce({ modules, datapath, packages }) {
  say('wireproof: installing what it needs, this once')
  if (modules)
    say('  npm packages         package-lock.json, without running their scripts; node 24 is one of them')
  for (const { name, why } of packages) say(`  ${name.padEnd(20)} Debian package: ${why}`)
  say('  User-Mode Linux      38 MB from Debian sid into the user’s cache, if this kernel has no ESP')
  if (datapath) say('  bpf/datapath.o       compiled from bpf/')
}

async function npmPackages(root) {
  await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: root }, (output) => {
    if (/EACCES|EPERM/.test(output))
      return new Failure(3, `npm may not write to ${root}`, 'Run as the owner of this directory.')
    if (/ENOSPC/.test(output))
      return new Failure(4, 'no space left for node_modules', 'Free 500 MB and try again.')
    return new Failure(
      4,
      `npm could not install the packages: ${lastLine(output)}`,
      'Check that npm reaches its registry (npm ping) and try again.',
    )
  })
  // npm leaves the time of an unchanged marker alone, and this one says when the packages were last made to match.
  const marker = join(root, 'node_modules/.package-lock.json')
  utimesSync(marker, new Date(), new Date())
}

async function debianPackages(packages) {
  const names = packages.map(({ name }) => name)
  const remedy = `As root: apt-get install ${names.join(' ')}`
  if (!existsSync('/usr/bin/apt-get'))
    throw new Failure(
      3,
      `these programs are missing and this is no Debian: ${names.join(', ')}`,
      'Install them as this system does.',
    )
  const apt = (args) => {
    const argv = ['apt-get', '-q', '-y', '-o', 'DPkg::Lock::Timeout=120', ...args]
    const environment = ['env', 'DEBIAN_FRONTEND=noninteractive', 'LC_ALL=C']
    const [program, ...rest] = [...asRoot(remedy), ...environment, ...argv]
    return run(program, rest, {}, (output) => {
      if (/a password is required|not in the sudoers|Permission denied|are you root/.test(output)) {
        return new Failure(3, 'Debian packages are missing and may not be installed by this user', remedy)
      }
      if (/No space left|don't have enough free space/.test(output))
        return new Failure(4, 'no space left for Debian packages', 'Free 1 GB and try again.')
      return new Failure(
        4,
        `apt could not install ${names.join(', ')}: ${lastLine(output)}`,
        `Check that apt reaches its archive. ${remedy}`,
      )
    })
  }
  if (!indexIsFresh()) await apt(['update'])
  await apt(['install', '--no-install-recommends', ...names])
}

/** An index older than a day names versions that the archive may no longer have. */
function indexIsFresh() {
  const lists = '/var/lib/apt/lists'
  if (!existsSync(lists)) return false
  const indexes = readdirSync(lists).filter((name) => name.includes('_Packages'))
  return indexes.some((name) => Date.now() - statSync(join(lists, name)).mtimeMs < 86_400_000)
}

/** How to become root: not at all, by a sudo that may ask, or by one that must not because nobody could answer. */
function asRoot(remedy) {
  if (process.geteuid() === 0) return []
  const sudo = (process.env.PATH ?? '').split(':').some((at) => existsSync(join(at, 'sudo')))
  if (!sudo) throw new Failure(3, 'Debian packages are missing, and only root can install them', remedy)
  return process.stdin.isTTY ? ['sudo'] : ['sudo', '-n']
}

async function datapath(root) {
  await run(
    'make',
    ['-C', join(root, 'bpf')],
    {},
    (output) =>
      new Failure(4, `the datapath does not compile: ${lastLine(output)}`, 'make -C bpf tells more.'),
  )
}

/** Fetches ahead the kernel that a machine without ESP boots, so that it comes in while the rest is installed. */
async function kernel(root) {
  const node = join(root, `node_modules/node-linux-${process.arch}/bin/node`)
  const program = existsSync(node) ? node : process.execPath
  await run(program, [join(root, 'lab/vm/fetch.ts')], {}, (output) => new Failure(4, lastLine(output)))
}

/** The line of a program's output that says most about why it failed. */
const lastLine = (output) => {
  const lines = output
    .trim()
    .split('\n')
    .filter((line) => !/complete log|If you are behind a proxy|'proxy' config|^npm error\s*$/.test(line))
  return (lines.findLast((line) => /^(E:|npm error|error)/i.test(line)) ?? lines.at(-1) ?? '').trim()
}

/** Runs a program, and shows nothing of it unless it fails. */
function run(program, args, options, explain) {
  return new Promise((resolve, reject) => {
    // Standard input stays the terminal's, for sudo's question.
    const child = spawn(program, args, { ...options, stdio: ['inherit', 'pipe', 'pipe'] })
    let output = ''
    const collect = (text) => {
      output = (output + text).slice(-65_536)
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    child.on('error', (error) => reject(explain(`${program}: ${error.message}`)))
    child.on('close', (code) => (code === 0 ? resolve() : reject(explain(output))))
  })
}
