import { useCompiledCode } from '../lab/vm/compiled-code.ts'

// Before anything else is loaded: what is loaded from here on comes from the cache, compiled.
useCompiledCode()
await import('./program.ts')
