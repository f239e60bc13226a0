/**
 * GnuTLS through koffi: one call for each packet, where Node's own cryptography makes three objects. This is the one
 * place of the package that touches raw memory. Its rules: every length is checked here before a call; all that a call is
 * given an address of lies in memory of this module's that is never given back, or in the ArrayBuffer of the packet, which
 * the caller holds until the call returns; no address is kept beyond a call, but for the last ArrayBuffer's, which is kept
 * with the ArrayBuffer itself.
 */
import { createRequire } from 'node:module'
import { type EspCipher, type EspEngine, LONGEST_PACKET } from './engine.ts'
import { cipherForms, type EspSa, type IntegrityAlgorithm } from './sa.ts'

const HEADER = 8

/** An address, as koffi passes it to a parameter that is declared as a number. */
type Address = number
// biome-ignore lint/suspicious/noExplicitAny: its signature is the prototype below, which TypeScript cannot see.
type NativeFunction = (...args: any[]) => any

interface Library {
  readonly call: Readonly<Record<keyof typeof prototypes, NativeFunction>>
  addressOf(buffer: Uint8Array): Address
  readonly version: string
  readonly memory: LowMemory
}

const prototypes = {
  gnutls_check_version: 'const char *gnutls_check_version(const char *required)',
  gnutls_cipher_get_id: 'int gnutls_cipher_get_id(const char *name)',
  gnutls_mac_get_id: 'int gnutls_mac_get_id(const char *name)',
  gnutls_aead_cipher_init: 'int gnutls_aead_cipher_init(uintptr_t handle, int cipher, uintptr_t key)',
  gnutls_aead_cipher_deinit: 'void gnutls_aead_cipher_deinit(uintptr_t handle)',
  gnutls_aead_cipher_decrypt:
    'int gnutls_aead_cipher_decrypt(uintptr_t handle, uintptr_t nonce, size_t nonceLength, uintptr_t auth, size_t authLength, size_t tagLength, uintptr_t ciphertext, size_t ciphertextLength, uintptr_t plaintext, uintptr_t plaintextLength)',
  gnutls_cipher_init: 'int gnutls_cipher_init(uintptr_t handle, int cipher, uintptr_t key, uintptr_t iv)',
  gnutls_cipher_deinit: 'void gnutls_cipher_deinit(uintptr_t handle)',
  gnutls_cipher_set_iv: 'void gnutls_cipher_set_iv(uintptr_t handle, uintptr_t iv, size_t length)',
  gnutls_cipher_decrypt2:
    'int gnutls_cipher_decrypt2(uintptr_t handle, uintptr_t ciphertext, size_t length, uintptr_t plaintext, size_t plaintextLength)',
  gnutls_hmac_init: 'int gnutls_hmac_init(uintptr_t handle, int algorithm, uintptr_t key, size_t keyLength)',
  gnutls_hmac_deinit: 'void gnutls_hmac_deinit(uintptr_t handle, uintptr_t digest)',
  gnutls_hmac: 'int gnutls_hmac(uintptr_t handle, uintptr_t text, size_t length)',
  gnutls_hmac_output: 'void gnutls_hmac_output(uintptr_t handle, uintptr_t digest)',
} as const

/** Debian's name for it, and Homebrew's. */
const sonames = ['libgnutls.so.30', 'libgnutls.30.dylib']

/** The engine, or why there is none. */
export type FastEngine = { readonly engine: EspEngine } | { readonly why: string }

let opened: FastEngine | undefined

/**
 * The fast engine, where koffi (an optional peer dependency) and GnuTLS are installed; otherwise why it is not to be had,
 * and `nodeEngine` serves.
 */
export function fastEngine(): FastEngine {
  opened ??= open()
  return opened
}

function open(): FastEngine {
  try {
    const library = load()
    return {
      engine: {
        name: `GnuTLS ${library.version}`,
        cipher: (sa) => cipherOf(library, sa),
        borrow: (size) => library.memory.borrow(size),
        release: (memory) => library.memory.release(memory),
      },
    }
  } catch (error) {
    return { why: (error as Error).message.split('\n')[0]! }
  }
}

function load(): Library {
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi')
  const library = firstThatLoads(koffi.load)
  const libc = koffi.load(process.platform === 'darwin' ? 'libSystem.dylib' : 'libc.so.6')
  const memmove = libc.func('void *memmove(const uint8_t *to, const uint8_t *from, size_t length)')
  const mmap = libc.func(
    'void *mmap(void *address, size_t length, int protection, int flags, int fd, long offset)',
  )
  const call = {} as Record<keyof typeof prototypes, NativeFunction>
  for (const name of Object.keys(prototypes) as (keyof typeof prototypes)[])
    call[name] = library.func(prototypes[name])
  const addressOf = (pointer: unknown): Address => Number(koffi.address(pointer))
  return {
    call,
    addressOf: (buffer) => addressOf(memmove(buffer, buffer, 0)),
    version: call.gnutls_check_version(null),
    memory: new LowMemory((size) => {
      const pointer = mmap(null, size, PROTECTION, LOW_MAPPING, -1, 0)
      const isMapped = addressOf(pointer) < BEYOND_LOW
      return isMapped ? Buffer.from(koffi.view(pointer, size)) : undefined
    }),
  }
}

/** PROT_READ | PROT_WRITE. */
const PROTECTION = 3
/** MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT. */
const LOW_MAPPING = 0x62
const BEYOND_LOW = 2 ** 31

/**
 * Memory below 2 GiB, which Linux has on x86-64: its addresses are small integers to V8. Others are numbers on its heap,
 * six of them for each packet, and a third of what a call costs. What was mapped is never unmapped, so that no view of it
 * can come to be one of something else; it is lent again.
 */
class LowMemory {
  readonly #map: (size: number) => Buffer | undefined
  readonly #free: Buffer[] = []

  constructor(map: (size: number) => Buffer | undefined) {
    this.#map = process.platform === 'linux' && process.arch === 'x64' ? map : () => undefined
  }

  borrow(size: number): Buffer | undefined {
    const index = this.#free.findIndex((memory) => memory.length === size)
    return index >= 0 ? this.#free.splice(index, 1)[0] : this.#map(size)
  }

  release(memory: Buffer): void {
    this.#free.push(memory)
  }
}

function firstThatLoads<Loaded>(load: (soname: string) => Loaded): Loaded {
  let failure: unknown
  for (const soname of sonames) {
    try {
      return load(soname)
    } catch (error) {
      failure ??= error
    }
  }
  throw failure
}

/**
 * Where calls read their small arguments and write their results: larger than what V8 would keep on its own, movable heap,
 * and referenced by its engine for good.
 */
interface Arena {
  readonly bytes: Buffer
  readonly address: Address
  readonly plaintext: Buffer
}

// What is where in it.
const NONCE = 0
const AUTH = 16
const LENGTH = 32
const DIGEST = 64
const HANDLE = 128
const KEY = 256
const LONGEST_KEY = 512
const KEY_DATUM = 1024
const IV_DATUM = 1056
const PLAINTEXT = 4096
const ARENA = PLAINTEXT + LONGEST_PACKET

let theArena: Arena | undefined

function arenaOf(library: Library): Arena {
  if (!theArena) {
    const bytes = library.memory.borrow(ARENA) ?? Buffer.allocUnsafeSlow(ARENA)
    theArena = { bytes, address: library.addressOf(bytes), plaintext: bytes.subarray(PLAINTEXT) }
  }
  return theArena
}

let lastMemory: ArrayBufferLike | undefined
let lastAddress: Address = 0

/**
 * The address of `data[0]`, whose first `needed` bytes may be used.
 *
 * @throws RangeError when there are not so many, such as when its ArrayBuffer was given to another thread.
 */
function addressOfData(library: Library, data: Buffer, needed: number): Address {
  const { buffer, byteOffset } = data
  if (needed > data.length || byteOffset + needed > buffer.byteLength)
    throw new RangeError(`${needed} bytes of ${data.length} were asked for`)
  if (buffer !== lastMemory) {
    // Asking for `buffer` has moved a small one out of V8's heap: its bytes stay where they are from here on.
    lastAddress = library.addressOf(new Uint8Array(buffer))
    lastMemory = buffer
  }
  return lastAddress + byteOffset
}

function cipherOf(library: Library, sa: EspSa): EspCipher {
  const arena = arenaOf(library)
  try {
    return sa.integrity ? new SeparateCipher(library, arena, sa) : new AeadCipher(library, arena, sa)
  } finally {
    arena.bytes.fill(0, KEY, KEY + LONGEST_KEY)
  }
}

/** @throws Error naming the function, when GnuTLS refused. */
function succeed(name: string, code: number): void {
  if (code < 0) throw new Error(`${name} failed with code ${code}`)
}

/** Puts a key into the arena, and a gnutls_datum_t that points to it. @returns the datum's address. */
function keyDatum(arena: Arena, key: Buffer): Address {
  if (key.length > LONGEST_KEY) throw new RangeError('a key is longer than any algorithm has')
  key.copy(arena.bytes, KEY)
  return datum(arena, KEY_DATUM, KEY, key.length)
}

function datum({ bytes, address }: Arena, place: number, offset: number, length: number): Address {
  bytes.writeBigUInt64LE(BigInt(address + offset), place)
  bytes.writeUInt32LE(length, place + 8)
  return address + place
}

/** What a function wrote to the arena's place for a handle. */
function newHandle({ bytes }: Arena): Address {
  return Number(bytes.readBigUInt64LE(HANDLE))
}

/** Gives handles back when the cipher that holds them is gone. */
const handles = new FinalizationRegistry<() => void>((release) => release())

/** AES-GCM (RFC 4106) and ChaCha20-Poly1305 (RFC 7634), which put nonce and additional data together alike. */
class AeadCipher implements EspCipher {
  readonly plaintext: Buffer
  readonly #library: Library
  readonly #decrypt: NativeFunction
  readonly #handle: Address
  readonly #arena: Buffer
  readonly #arenaAddress: Address
  readonly #tagBytes: number
  readonly #salt: Buffer

  constructor(library: Library, arena: Arena, sa: EspSa) {
    const { call } = library
    const keyBytes = sa.key.length - cipherForms[sa.algorithm].saltBytes
    const name = sa.algorithm === 'rfc4106(gcm(aes))' ? `AES-${keyBytes * 8}-GCM` : 'CHACHA20-POLY1305'
    succeed(
      'gnutls_aead_cipher_init',
      call.gnutls_aead_cipher_init(
        arena.address + HANDLE,
        call.gnutls_cipher_get_id(name),
        keyDatum(arena, sa.key.subarray(0, keyBytes)),
      ),
    )
    const handle = newHandle(arena)
    handles.register(this, () => call.gnutls_aead_cipher_deinit(handle))
    this.plaintext = arena.plaintext
    this.#library = library
    this.#decrypt = call.gnutls_aead_cipher_decrypt
    this.#handle = handle
    this.#arena = arena.bytes
    this.#arenaAddress = arena.address
    this.#tagBytes = sa.icvBits / 8
    this.#salt = Buffer.from(sa.key.subarray(keyBytes))
  }

  open(data: Buffer, start: number, end: number, sequenceHigh: number): number {
    const body = start + HEADER + 8
    const tagBytes = this.#tagBytes
    if (start < 0 || body + tagBytes > end || end - start > LONGEST_PACKET) return -1
    const address = addressOfData(this.#library, data, end)
    const arena = this.#arena
    const arenaAddress = this.#arenaAddress
    const salt = this.#salt
    for (let i = 0; i < 4; i++) arena[NONCE + i] = salt[i]!
    for (let i = 0; i < 8; i++) arena[NONCE + 4 + i] = data[start + HEADER + i]!
    let auth = address + start
    let authLength = HEADER
    if (sequenceHigh >= 0) {
      data.copy(arena, AUTH, start, start + 4)
      arena.writeUInt32BE(sequenceHigh, AUTH + 4)
      data.copy(arena, AUTH + 8, start + 4, start + 8)
      auth = arenaAddress + AUTH
      authLength = 12
    }
    writeLength(arena)
    const code: number = this.#decrypt(
      this.#handle,
      arenaAddress + NONCE,
      12,
      auth,
      authLength,
      tagBytes,
      address + body,
      end - body,
      arenaAddress + PLAINTEXT,
      arenaAddress + LENGTH,
    )
    return code < 0 ? -1 : readLength(arena)
  }
}

/** The room there is for plaintext, as a size_t of 64 bits. */
function writeLength(arena: Buffer): void {
  for (let i = 0; i < 8; i++) arena[LENGTH + i] = i === 2 ? LONGEST_PACKET >> 16 : 0
}

/** How much of it was used; no length here needs more than three bytes. */
function readLength(arena: Buffer): number {
  return arena[LENGTH]! | (arena[LENGTH + 1]! << 8) | (arena[LENGTH + 2]! << 16)
}

const macNames: Readonly<Record<IntegrityAlgorithm, string>> = {
  'hmac(sha1)': 'SHA1',
  'hmac(sha256)': 'SHA256',
  'hmac(sha384)': 'SHA384',
  'hmac(sha512)': 'SHA512',
}

/** Encrypt-then-MAC: AES-CBC (RFC 3602) or nothing (RFC 2410) under an HMAC (RFC 2404, RFC 4868). */
class SeparateCipher implements EspCipher {
  readonly plaintext: Buffer
  readonly #library: Library
  readonly #arena: Arena
  readonly #hmac: Address
  readonly #cipher: Address | undefined
  readonly #icvBytes: number
  readonly #ivBytes: number

  constructor(library: Library, arena: Arena, sa: EspSa) {
    const { call } = library
    const { algorithm, key } = sa.integrity!
    if (key.length > LONGEST_KEY) throw new RangeError('an integrity key is longer than any kernel takes')
    key.copy(arena.bytes, KEY)
    succeed(
      'gnutls_hmac_init',
      call.gnutls_hmac_init(
        arena.address + HANDLE,
        call.gnutls_mac_get_id(macNames[algorithm]),
        arena.address + KEY,
        key.length,
      ),
    )
    const hmac = newHandle(arena)
    handles.register(this, () => call.gnutls_hmac_deinit(hmac, 0))
    this.plaintext = arena.plaintext
    this.#library = library
    this.#arena = arena
    this.#hmac = hmac
    this.#icvBytes = sa.icvBits / 8
    this.#ivBytes = cipherForms[sa.algorithm].ivBytes
    if (sa.algorithm === 'cipher_null') return
    succeed(
      'gnutls_cipher_init',
      call.gnutls_cipher_init(
        arena.address + HANDLE,
        call.gnutls_cipher_get_id(`AES-${sa.key.length * 8}-CBC`),
        keyDatum(arena, sa.key),
        datum(arena, IV_DATUM, NONCE, 16),
      ),
    )
    const cipher = newHandle(arena)
    handles.register(this, () => call.gnutls_cipher_deinit(cipher))
    this.#cipher = cipher
  }

  open(data: Buffer, start: number, end: number, sequenceHigh: number): number {
    const { call } = this.#library
    const { bytes, address: arena } = this.#arena
    const icv = end - this.#icvBytes
    const iv = start + HEADER
    const body = iv + this.#ivBytes
    if (start < 0 || body > icv || end - start > LONGEST_PACKET) return -1
    const address = addressOfData(this.#library, data, end)
    succeed('gnutls_hmac', call.gnutls_hmac(this.#hmac, address + start, icv - start))
    if (sequenceHigh >= 0) {
      bytes.writeUInt32BE(sequenceHigh, AUTH)
      succeed('gnutls_hmac', call.gnutls_hmac(this.#hmac, arena + AUTH, 4))
    }
    call.gnutls_hmac_output(this.#hmac, arena + DIGEST)
    if (bytes.compare(data, icv, end, DIGEST, DIGEST + this.#icvBytes) !== 0) return -1
    const length = icv - body
    if (this.#cipher === undefined) {
      data.copy(this.plaintext, 0, body, icv)
      return length
    }
    call.gnutls_cipher_set_iv(this.#cipher, address + iv, this.#ivBytes)
    succeed(
      'gnutls_cipher_decrypt2',
      call.gnutls_cipher_decrypt2(this.#cipher, address + body, length, arena + PLAINTEXT, LONGEST_PACKET),
    )
    return length
  }
}
