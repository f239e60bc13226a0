import { fileURLToPath } from 'node:url'

/** The project's root directory. */
export const checkout = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')
