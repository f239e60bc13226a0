import type { DebianPackage } from './packages.mjs'

export interface Missing {
  readonly modules: boolean
  readonly datapath: boolean
  readonly packages: readonly DebianPackage[]
}

export function missingParts(
  root: string,
  purposes: readonly ('run' | 'test' | 'qemu')[],
): Missing | undefined
