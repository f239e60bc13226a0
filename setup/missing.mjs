import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { packages } from './packages.mjs'

/**
 * @typedef {{ modules: boolean, datapath: boolean, packages: import('./packages.mjs').DebianPackage[] }} Missing
 */

/**
 * What has to be brought before the project can run.
 *
 * @param {string} root the checkout
 * @param {readonly string[]} purposes of `packages`
 * @returns {Missing | undefined} undefined when there is nothing to do
 */
export function missingParts(root, purposes) {
  const missing = {
    modules: modulesDiffer(join(root, 'node_modules/.package-lock.json'), join(root, 'package-lock.json')),
    datapath: isOlder(join(root, 'bpf/datapath.o'), datapathSources(root)),
    packages: purposes
      .flatMap((purpose) => packages[purpose])
      .filter(({ provides }) => !provides.some((path) => existsSync(path))),
  }
  return missing.modules || missing.datapath || missing.packages.length > 0 ? missing : undefined
}

function datapathSources(root) {
  return [join(root, 'bpf'), join(root, 'bpf/include')].flatMap((directory) =>
    readdirSync(directory)
      .filter((name) => /\.[ch]$|^Makefile$/.test(name))
      .map((name) => join(directory, name)),
  )
}

/**
 * Whether what npm installed is not what the lock file asks for. Times alone do not tell, because npm writes the lock
 * file last; they only spare the reading.
 */
function modulesDiffer(installed, wanted) {
  if (!isOlder(installed, [wanted])) return false
  if (!existsSync(installed)) return true
  const there = JSON.parse(readFileSync(installed, 'utf8')).packages
  const asked = JSON.parse(readFileSync(wanted, 'utf8')).packages
  return Object.entries(asked).some(
    // Optional packages for other machines are never there.
    ([path, { version, optional }]) => path !== '' && !optional && there[path]?.version !== version,
  )
}

/** Whether `made` is missing or was made before one of its sources last changed. */
function isOlder(made, sources) {
  const time = statSync(made, { throwIfNoEntry: false })?.mtimeMs
  return time === undefined || sources.some((source) => statSync(source).mtimeMs > time)
}
