import { existsSync, readFileSync, writeFileSync } from 'node:fs'

/**
 * Pulumi writes the salt of the user's passphrase into the stack file. That file is the project's and in git, while the
 * passphrase is each user's own; the salt is in the state as well. So it is taken out again, unless the file holds
 * secrets that were encrypted with it, or had a salt before.
 *
 * @returns what to call when Pulumi has ended.
 */
export function keepSaltOutOf(file: string): () => void {
  const before = read(file)
  return () => {
    const after = read(file)
    if (before === undefined || after === undefined || after === before) return
    if (saltLine.test(before) || /^\s+secure:/m.test(after)) return
    const without = after.replace(saltLine, '')
    const unchanged = withoutBlanks(without) === withoutBlanks(before)
    writeFileSync(file, unchanged ? before : without)
  }
}

const saltLine = /^encryptionsalt:.*\n?/m

function read(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}

function withoutBlanks(text: string): string {
  return text.replace(/\s+/g, '')
}
