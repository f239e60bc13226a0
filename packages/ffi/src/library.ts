import koffi from 'koffi'

/**
 * A function of a shared library. Each `Buffer` argument must be followed by (or contain) the length the callee may use.
 */
// biome-ignore lint/suspicious/noExplicitAny: the signature is the C prototype given to load(), which TypeScript cannot see.
export type NativeFunction = (...args: any[]) => any

const libraries = new Map<string, ReturnType<typeof koffi.load>>()

/**
 * Binds C functions by prototype.
 *
 * @param soname such as `libbpf.so.1`; resolved by the dynamic linker, loaded once a process.
 * @throws Error naming the library when it is not installed.
 */
export function load<Name extends string>(
  soname: string,
  prototypes: Record<Name, string>,
): Record<Name, NativeFunction> {
  let library = libraries.get(soname)
  if (!library) {
    library = open(soname)
    libraries.set(soname, library)
  }
  const functions = {} as Record<Name, NativeFunction>
  for (const name of Object.keys(prototypes) as Name[]) functions[name] = library.func(prototypes[name])
  return functions
}

function open(soname: string): ReturnType<typeof koffi.load> {
  try {
    return koffi.load(soname)
  } catch (cause) {
    throw new Error(`cannot load ${soname}: ${(cause as Error).message}`, { cause })
  }
}
