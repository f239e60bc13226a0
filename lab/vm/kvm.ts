import { accessSync, constants, readFileSync } from 'node:fs'
import { cpus, release } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { atomicFile } from './artefacts/atomic.ts'
import type { Machine } from './machine.ts'

const firstByteMs = 5_000

/**
 * Whether KVM runs a guest. A /dev/kvm that opens is not enough: on nested hosts it can accept everything and then run
 * nothing. So a kernel is started, and has to print its first byte within a deadline; the answer is remembered for this
 * machine and kernel.
 */
export async function kvmWorks(memory: string, start: () => Machine): Promise<boolean> {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK)
  } catch {
    return false
  }
  const key = `${cpus()[0]?.model} ${release()}`
  const remembered = recall(memory)
  if (remembered?.key === key) return remembered.works
  const machine = start()
  const printed = new Promise<boolean>((resolve) =>
    machine.console.listen((text) => resolve(/Linux version/.test(text))),
  )
  const works = await Promise.race([printed, machine.exited.then(() => false), delay(firstByteMs, false)])
  await machine.kill()
  await atomicFile(memory, JSON.stringify({ key, works }))
  return works
}

/** What was found last time, if anything. */
export function recall(memory: string): { key: string; works: boolean } | undefined {
  try {
    return JSON.parse(readFileSync(memory, 'utf8'))
  } catch {
    return undefined
  }
}
