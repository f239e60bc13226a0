import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import {
  chmodSync,
  cpSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { after, before, test } from 'node:test'
import { readCapture } from 'tcpdump-parse'
import { Problem } from '../../lab/problem.ts'
import { judge, observe } from '../proof/index.ts'
import { provenRun, recordingOf } from '../proof/synthetic.ts'
import { fingerprint, unseal } from './attestation.ts'
import { digestOf, filesOf } from './digest.ts'
import { file, secretFiles } from './format.ts'
import { printVerification } from './print-verification.ts'
import { Evidence } from './schema.ts'
import { created, leaveBundle, privateKey, publicKey } from './signed-bundle.ts'
import { chosenSigningKey, signerFingerprint, signingKey } from './signing-key.ts'
import { verifyBundle } from './verify.ts'
import { attestBundle, bundleDirectory, writeBundle } from './write-bundle.ts'

const scratch = mkdtempSync(join(tmpdir(), 'wireproof-evidence-'))
const bundle = bundleDirectory(scratch, 'synthetic', created)

/** A copy of the bundle that may be altered. */
function copy(name: string): string {
  const directory = join(scratch, name)
  cpSync(bundle, directory, { recursive: true })
  return directory
}

before(() => leaveBundle(bundle, provenRun()))
after(() => rmSync(scratch, { recursive: true, force: true }))

test('a bundle has every file that the documentation lists, under the name of its demo and time', () => {
  assert.match(bundle, /synthetic-20261124T034500Z$/)
  assert.deepEqual(filesOf(bundle), [...Object.values(file)].sort())
})

test('verify gives the same verdict and finds no difference', async () => {
  const verification = await verifyBundle(bundle)
  assert.deepEqual(verification.differences, [])
  assert.equal(verification.verdict, 'PROVEN')
})

test('a run that leaked is verified as a LEAK, with the frames it named', async () => {
  const run = provenRun()
  recordingOf(run, 'encrypted', 'wire/a').frames = recordingOf(run, 'control', 'wire/a').frames
  const directory = join(scratch, 'leak')
  await leaveBundle(directory, run)
  const verification = await verifyBundle(directory)
  assert.deepEqual(verification.differences, [])
  assert.equal(verification.verdict, 'LEAK')
  assert.match(readFileSync(join(directory, file.junit), 'utf8'), /<failure type="fails"/)
})

for (const name of Object.values(file))
  for (const where of ['first', 'middle', 'last'] as const)
    test(`verify names ${name} when its ${where} byte was altered`, async () => {
      const directory = copy(`altered-${where}-${name.replaceAll('/', '-')}`)
      const path = join(directory, name)
      const content = readFileSync(path)
      const at = { first: 0, middle: content.length >> 1, last: content.length - 1 }[where]
      content[at]! ^= 1
      chmodSync(path, 0o600)
      writeFileSync(path, content)
      const says = await verifyBundle(directory).then(
        ({ differences }) => differences[0],
        (error: unknown) => {
          assert.ok(error instanceof Problem, String(error))
          return error.message
        },
      )
      assert.ok(says?.startsWith(`${name}: `), says ?? 'no difference found')
    })

for (const name of Object.values(file))
  test(`verify names ${name} when it is missing`, async () => {
    const directory = copy(`missing-${name.replaceAll('/', '-')}`)
    rmSync(join(directory, name))
    const says = await verifyBundle(directory).then(
      ({ differences }) => differences[0],
      (error: Problem) => error.message,
    )
    assert.ok(says?.includes(name), says ?? 'no difference found')
  })

test('a file that was added is named, and so is a link', async () => {
  const directory = copy('added')
  writeFileSync(join(directory, 'more.txt'), 'more')
  symlinkSync('report.html', join(directory, 'link'))
  const { differences } = await verifyBundle(directory)
  assert.deepEqual(differences, ['link: not attested', 'more.txt: not attested'])
})

test('a verdict changed by who can sign anew is contradicted by the captures', async () => {
  const directory = copy('forged')
  const path = join(directory, file.evidence)
  const evidence = JSON.parse(readFileSync(path, 'utf8')) as Evidence
  evidence.verdict = 'INCONCLUSIVE'
  writeFileSync(path, `${JSON.stringify(evidence, null, 2)}\n`)
  attestBundle(directory, privateKey)
  const { verdict, differences } = await verifyBundle(directory)
  assert.equal(verdict, 'PROVEN')
  assert.deepEqual(differences, ['evidence.json: claims INCONCLUSIVE, and the captures say PROVEN'])
})

test('a capture cut short by who can sign anew is noticed', async () => {
  const directory = copy('cut')
  const path = join(directory, file.wire)
  truncateSync(path, statSync(path).size - 10)
  attestBundle(directory, privateKey)
  const { verdict, differences } = await verifyBundle(directory)
  assert.notEqual(verdict, 'PROVEN')
  assert.ok(differences.every((difference) => !difference.startsWith(file.report)))
  assert.match(differences[0] ?? '', /^wire\.pcapng: the file ends within a record/)
})

test('a signature by another key than the one in the bundle is refused', async () => {
  const directory = copy('stranger')
  const other = generateKeyPairSync('ed25519')
  writeFileSync(
    join(directory, file.publicKey),
    other.publicKey.export({ type: 'spki', format: 'pem' }) as string,
  )
  await assert.rejects(verifyBundle(directory), /^Problem: attestation\.pub: not the key that signed/)
})

test('a bundle is verified against the signer that the reader expects', async () => {
  const signer = fingerprint(publicKey)
  assert.deepEqual((await verifyBundle(bundle, { signer })).differences, [])
  const stranger = fingerprint(generateKeyPairSync('ed25519').publicKey)
  assert.deepEqual((await verifyBundle(bundle, { signer: stranger })).differences, [
    `attestation.json: signed by ${signer}, and not by ${stranger}`,
  ])
  assert.equal(signerFingerprint(join(bundle, file.publicKey)), signer)
  assert.equal(signerFingerprint(signer.toUpperCase()), signer)
  assert.throws(() => signerFingerprint(join(bundle, file.report)), { exitCode: 2, code: 'EUSAGE' })
})

test('a bundle of another version is refused in a sentence that names both', async () => {
  const directory = copy('version')
  const path = join(directory, file.evidence)
  const evidence = JSON.parse(readFileSync(path, 'utf8'))
  writeFileSync(path, JSON.stringify({ ...evidence, version: 1 }))
  await assert.rejects(verifyBundle(directory), (error: unknown) => {
    assert.ok(error instanceof Problem)
    assert.match(
      error.message,
      /evidence\.json: bundle format 1, written by wireproof 0\.1\.0; this version reads format 4/,
    )
    return true
  })
})

test('the report of a cluster that is in use says whose keys the bundle holds', async () => {
  const run = provenRun()
  run.facts.cluster = { name: 'production', isDisposable: false }
  const directory = join(scratch, 'in-use')
  await leaveBundle(directory, run)
  assert.match(
    readFileSync(join(directory, file.report), 'utf8'),
    /hold keys of production, a cluster that is in use/,
  )
})

for (const [what, content] of Object.entries({
  'an empty object': '{}',
  'an empty file': '',
  'another JSON document': '[1, 2]',
  'a version of the future': JSON.stringify({ format: 'wireproof-evidence', version: 99 }),
}))
  test(`${what} for evidence is refused with a reason`, async () => {
    const directory = copy(`foreign-${what.replaceAll(' ', '-')}`)
    writeFileSync(join(directory, file.evidence), content)
    attestBundleAnyway(directory)
    await assert.rejects(verifyBundle(directory), (error: unknown) => {
      assert.ok(error instanceof Problem)
      assert.match(error.message, /^evidence\.json: /)
      return true
    })
  })

/** Signs a bundle whose evidence cannot be read: as a forger would. */
function attestBundleAnyway(directory: string): void {
  const path = join(directory, file.evidence)
  const broken = readFileSync(path)
  writeFileSync(path, readFileSync(join(bundle, file.evidence)))
  attestBundle(directory, privateKey)
  writeFileSync(path, broken)
}

test('a directory that is no bundle is a mistake of who typed it', async () => {
  await assert.rejects(verifyBundle(scratch), (error: unknown) => {
    assert.ok(error instanceof Problem)
    assert.equal(error.exitCode, 2)
    assert.match(error.message, /no evidence bundle: it has no evidence\.json/)
    return true
  })
})

test('keys are only in the files that are declared to hold them', () => {
  const sas = JSON.parse(readFileSync(join(bundle, file.associations), 'utf8')) as { key: string }[]
  const keys = [...new Set(sas.map(({ key }) => key))]
  assert.ok(keys.length > 0)
  const evidence = JSON.parse(readFileSync(join(bundle, file.evidence), 'utf8')) as Evidence
  const declared = evidence.files.filter((each) => each.keys).map(({ name }) => name)
  assert.deepEqual(declared.sort(), [...secretFiles].sort())
  for (const name of filesOf(bundle)) {
    const content = readFileSync(join(bundle, name))
    const holds = keys.some((key) => {
      const raw = Buffer.from(key.slice(0, 32), 'hex')
      // All of the AES key but its last bytes: base64 groups them with what follows.
      const forms = [
        raw,
        key.slice(0, 32),
        key.slice(0, 32).toUpperCase(),
        raw.toString('base64').slice(0, 20),
      ]
      return forms.some((form) => content.includes(form))
    })
    assert.equal(holds, secretFiles.includes(name), name)
  }
  for (const name of secretFiles) assert.equal(statSync(join(bundle, name)).mode & 0o077, 0, name)
})

test('the opened capture differs from the sealed one in its secrets only, and says of each frame what it is', async () => {
  const frames = async (name: string, secrets: Buffer[]) => {
    const found: { name: string | undefined; time: bigint; data: string; comment: string | undefined }[] = []
    for await (const packet of readCapture(join(bundle, name), {
      onSecrets: (_, data) => secrets.push(data),
    }))
      found.push({
        name: packet.interface.name,
        time: packet.time,
        data: packet.data.toString('latin1'),
        comment: packet.comments[0],
      })
    return found
  }
  const [none, one]: [Buffer[], Buffer[]] = [[], []]
  const sealed = await frames(file.wire, none)
  assert.deepEqual(await frames(file.opened, one), sealed)
  assert.equal(none.length, 0)
  assert.equal(one.length, 1)
  assert.ok(sealed.every(({ time }, index) => index === 0 || time >= sealed[index - 1]!.time))
  const comments = (interface_: string) =>
    sealed.filter(({ name }) => name === interface_).map(({ comment }) => comment ?? '')
  assert.match(
    comments('encrypted/wire/a')[1]!,
    /^ESP 192\.168\.0\.1 → 192\.168\.0\.2, SPI 0x1002, sequence 1: authentic, inner UDP 10\.0\.1\.2:4000 → 10\.0\.2\.2:7; sent by the pod as frame \d+ of pods\.pcapng$/,
  )
  assert.match(comments('control/wire/a')[1]!, /^CLEAR: UDP .*; CANARY WP-CANARY-\w+ as raw$/)
})

test('the attestation is an in-toto test result over every file, verifiable with the key beside it', () => {
  const envelope = JSON.parse(readFileSync(join(bundle, file.attestation), 'utf8'))
  const statement = unseal(envelope, publicKey)!
  assert.equal(statement.predicate.result, 'PASSED')
  assert.deepEqual(statement.predicate.failedTests, [])
  assert.deepEqual(
    statement.subject.map(({ name }) => name),
    filesOf(bundle).filter((name) => name !== file.attestation),
  )
  for (const { name, digest } of statement.subject) assert.equal(digestOf(bundle, name).sha256, digest.sha256)
})

test('the schema that is published is the one that is used', () => {
  const published = JSON.parse(readFileSync(new URL('evidence.schema.json', import.meta.url), 'utf8'))
  assert.deepEqual(published, JSON.parse(JSON.stringify(Evidence)))
})

test('the signing key is made once, and nobody else may read it', () => {
  const path = join(scratch, 'config', 'wireproof', 'signing-key.pem')
  const first = signingKey(path)
  assert.equal(statSync(path).mode & 0o777, 0o600)
  assert.ok(signingKey(path).equals(first))
  writeFileSync(path, 'no key')
  assert.throws(
    () => signingKey(path),
    /^Problem: the signing key .* cannot be used: not an Ed25519 private key$/,
  )
})

test('a signing key that was chosen has to be there', () => {
  const path = join(scratch, 'chosen.pem')
  assert.throws(() => chosenSigningKey(path), { code: 'ESIGNINGKEY', exitCode: 2 })
  writeFileSync(path, privateKey.export({ type: 'pkcs8', format: 'pem' }) as string)
  assert.ok(chosenSigningKey(path).equals(privateKey))
})

test('evidence that cannot be written is a sentence with the directory in it', async () => {
  const view = observe(provenRun())
  await assert.rejects(writeBundle('/proc/evidence/x', view, judge(view), { created }), (error: unknown) => {
    assert.ok(error instanceof Problem)
    assert.equal(error.exitCode, 4)
    assert.match(error.message, /cannot be written to \/proc\/evidence\/x/)
    return true
  })
})

test('what verify prints ends in the verdict and the exit code says the same', async () => {
  let text = ''
  const output = new Writable({
    write(chunk, _, done) {
      text += chunk
      done()
    },
  })
  assert.equal(await printVerification(bundle, { output }), 0)
  assert.match(text, /PROVEN, recomputed from the captures/)
  const directory = copy('printed')
  writeFileSync(join(directory, file.report), 'something else')
  assert.equal(await printVerification(directory, { output }), 1)
  assert.match(text, /report\.html: not the file that was attested/)
})
