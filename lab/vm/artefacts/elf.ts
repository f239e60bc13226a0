/** Program header type of the interpreter's path (System V ABI, "Program Header"). */
const PT_INTERP = 3

/**
 * Names another program interpreter in a 64-bit little-endian ELF executable, in place.
 *
 * A relative path is looked up from the directory that the program is started in. It has to be no longer than the one
 * it replaces: everything else of the file keeps its place.
 */
export function setInterpreter(elf: Buffer, interpreter: string): void {
  if (elf.length < 64 || elf.readUInt32BE(0) !== 0x7f454c46 || elf[4] !== 2 || elf[5] !== 1) {
    throw new Error('not a 64-bit little-endian ELF file')
  }
  const table = Number(elf.readBigUInt64LE(32))
  const entrySize = elf.readUInt16LE(54)
  const entries = elf.readUInt16LE(56)
  for (let entry = 0; entry < entries; entry++) {
    const header = table + entry * entrySize
    if (elf.readUInt32LE(header) !== PT_INTERP) continue
    const offset = Number(elf.readBigUInt64LE(header + 8))
    const size = Number(elf.readBigUInt64LE(header + 32))
    if (interpreter.length + 1 > size) throw new Error(`no room for ${interpreter} in ${size} bytes`)
    elf.fill(0, offset, offset + size)
    elf.write(interpreter, offset, 'latin1')
    return
  }
  throw new Error('a static executable has no interpreter')
}
