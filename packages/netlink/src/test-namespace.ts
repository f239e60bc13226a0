import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import type { TestContext } from 'node:test'
import { createNamespace, deleteNamespace } from './namespace.ts'

/** A named network namespace that ends with the test. */
export function testNamespace(context: TestContext): { readonly name: string; readonly path: string } {
  const name = `netlink-test-${randomBytes(4).toString('hex')}`
  const path = createNamespace(name)
  context.after(() => deleteNamespace(name))
  return { name, path }
}

/** What iproute2, which shares no code with this package, sees in a namespace. */
export function ip(namespace: string, ...words: string[]): string {
  return execFileSync('ip', ['-netns', namespace, ...words], { encoding: 'utf8' })
}

// biome-ignore lint/suspicious/noExplicitAny: iproute2's JSON has no published schema.
export function ipJson(namespace: string, ...words: string[]): any[] {
  return JSON.parse(ip(namespace, '-json', '-details', ...words) || '[]')
}
