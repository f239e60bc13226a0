export interface DebianPackage {
  readonly name: string
  /** Any of these paths tells that the package is there. */
  readonly provides: readonly string[]
  readonly why: string
}

export const packages: Readonly<Record<'run' | 'test' | 'qemu', readonly DebianPackage[]>>
export const purposes: Readonly<Record<string, readonly ('run' | 'test' | 'qemu')[]>>
