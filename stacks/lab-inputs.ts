/** What is wrong with a lab's name, as the end of a sentence. */
export function mistakeInName(name: unknown): string | undefined {
  if (typeof name === 'string' && /^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$/.test(name)) return undefined
  return (
    'must be 1 to 20 lower-case letters, digits and dashes that start with a letter; ' +
    `it is ${JSON.stringify(name)}`
  )
}

/** What is wrong with the choice of a kernel, as the end of a sentence. */
export function mistakeInKernel(kernel: unknown): string | undefined {
  if (typeof kernel === 'string' && /^(host|uml|qemu(:\d+(\.\d+)*)?)$/.test(kernel)) return undefined
  return `must be one of host, uml, qemu, qemu:6.1, qemu:6.12; it is ${JSON.stringify(kernel)}`
}
