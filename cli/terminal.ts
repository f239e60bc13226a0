import { enclosingKernel } from './placement.ts'

/** The terminal that a person looks at; in a kernel we booted, the one outside, whose size our environment has. */
export function terminal(): { readonly isThere: boolean; readonly width?: number } {
  const { isTTY, columns } = process.stdout
  if (isTTY) return columns ? { isThere: true, width: columns } : { isThere: true }
  const outside = enclosingKernel() ? Number(process.env.COLUMNS) : 0
  return outside > 0 ? { isThere: true, width: outside } : { isThere: false }
}
