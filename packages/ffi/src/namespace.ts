import { closeSync, openSync, statSync } from 'node:fs'
import { libc } from './libc.ts'
import { check } from './system-error.ts'

const CLONE_NEWNET = 0x40000000

/** The calling thread's own network namespace: /proc/self is the main thread's. */
export const currentNetworkNamespace = '/proc/thread-self/ns/net'

/**
 * Runs `action` with the calling thread inside another network namespace, and returns to the present one whatever
 * happens. A socket belongs to the namespace it was opened in, so what `action` opens stays there.
 *
 * To stay where it is asks nothing of the kernel, and so takes no CAP_SYS_ADMIN.
 *
 * `action` must be synchronous: between two ticks of the event loop other code would run in the wrong namespace.
 *
 * @param namespace a path such as `/run/netns/blue` or `/proc/1/ns/net`, or `'new'` for a fresh one.
 */
export function inNetworkNamespace<Result>(namespace: string, action: () => Result): Result {
  if (isHere(namespace)) return synchronous(action)
  const home = openSync(currentNetworkNamespace, 'r')
  try {
    enter(namespace)
    return synchronous(action)
  } finally {
    check('setns', libc.setns(home, CLONE_NEWNET), 'returning to the home namespace')
    closeSync(home)
  }
}

function isHere(namespace: string): boolean {
  if (namespace === 'new') return false
  const [there, here] = [namespace, currentNetworkNamespace].map((path) => statSync(path, { bigint: true }))
  return there!.ino === here!.ino && there!.dev === here!.dev
}

function synchronous<Result>(action: () => Result): Result {
  const result = action()
  if (result instanceof Promise) throw new TypeError('inNetworkNamespace takes a synchronous action')
  return result
}

function enter(namespace: string): void {
  if (namespace === 'new') {
    check('unshare', libc.unshare(CLONE_NEWNET))
    return
  }
  const target = openSync(namespace, 'r')
  try {
    check('setns', libc.setns(target, CLONE_NEWNET), namespace)
  } finally {
    closeSync(target)
  }
}
