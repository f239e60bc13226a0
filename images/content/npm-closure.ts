/** The part of a package-lock.json (version 3) that says who needs whom. */
export interface Lock {
  readonly packages: Readonly<Record<string, LockedPackage>>
}

export interface LockedPackage {
  readonly version?: string
  readonly license?: string
  readonly integrity?: string
  readonly resolved?: string
  /** Of a workspace: `resolved` is where it is. */
  readonly link?: boolean
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>
}

/** A package that is needed, and where it is in the checkout. */
export interface NeededPackage {
  /** Such as `node_modules/koffi`, and `packages/netlink` of a workspace. */
  readonly path: string
  readonly name: string
  readonly locked: LockedPackage
}

/**
 * All that some packages need, they themselves included, by where npm has put it.
 *
 * @param wanted whether a package that is only types or only for other machines is to be left out is for this to say.
 * @throws Error where the lock file does not know a package that is needed.
 */
export function npmClosure(
  lock: Lock,
  roots: readonly string[],
  wanted: (name: string) => boolean = () => true,
): NeededPackage[] {
  const found = new Map<string, NeededPackage>()
  const visit = (name: string, from: string, optional: boolean) => {
    if (!wanted(name)) return
    const at = resolve(lock, name, from)
    if (at === undefined) {
      if (optional) return
      throw new Error(`package-lock.json has no ${name}, which ${from || 'the agent'} needs`)
    }
    const entry = lock.packages[at]!
    const path = entry.link ? (entry.resolved ?? at) : at
    if (found.has(path)) return
    const locked = lock.packages[path] ?? entry
    found.set(path, { path, name, locked })
    for (const each of Object.keys(locked.dependencies ?? {})) visit(each, path, false)
    for (const each of Object.keys(locked.optionalDependencies ?? {})) visit(each, path, true)
    for (const each of Object.keys(locked.peerDependencies ?? {}))
      visit(each, path, locked.peerDependenciesMeta?.[each]?.optional ?? false)
  }
  for (const root of roots) visit(root, '', false)
  return [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
}

/** As Node looks for it: in the nearest node_modules, and outward. */
function resolve(lock: Lock, name: string, from: string): string | undefined {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/')))) {
    if (!at.endsWith('node_modules')) {
      const path = at === '' ? `node_modules/${name}` : `${at}/node_modules/${name}`
      if (lock.packages[path]) return path
    }
    if (at === '') return undefined
  }
}
