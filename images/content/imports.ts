import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

export interface Imports {
  /** Every file that is reached, relative to the root. */
  readonly files: readonly string[]
  /** Every package that these import. */
  readonly packages: readonly string[]
}

/**
 * Follows the imports of a TypeScript program, those that load at once and those that load when they are wanted. Types
 * are not followed: at run time there are none.
 *
 * @param root the checkout.
 * @param entries files of it, relative.
 */
export function followImports(root: string, entries: readonly string[]): Imports {
  const files = new Set<string>()
  const packages = new Set<string>()
  const waiting = [...entries]
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (files.has(file)) continue
    files.add(file)
    for (const specifier of importsOf(readFileSync(join(root, file), 'utf8')))
      if (specifier.startsWith('.')) waiting.push(join(dirname(file), specifier))
      else if (!specifier.startsWith('node:')) packages.add(packageOf(specifier))
  }
  return { files: [...files].sort(), packages: [...packages].sort() }
}

/** The specifiers that a file's text imports, without `import type` and `export type`. */
export function importsOf(text: string): string[] {
  const statics = /^(?:import|export)\s+(?!type\b)(?:[^'"`;]*?\sfrom\s+)?'([^']+)'/gm
  const dynamics = /\bimport\('([^']+)'\)/g
  return [statics, dynamics].flatMap((pattern) =>
    [...text.matchAll(pattern)].map(([, specifier]) => specifier!),
  )
}

function packageOf(specifier: string): string {
  const [scope = '', name = ''] = specifier.split('/')
  return scope.startsWith('@') ? `${scope}/${name}` : scope
}
