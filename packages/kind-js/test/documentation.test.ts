import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const root = fileURLToPath(new URL('..', import.meta.url))

const index = join(root, 'src/index.ts')
const sample = join(root, 'src/images/sample-archives.ts')
const program = compile([index, sample])

function compile(files: readonly string[]): ts.Program {
  const { options } = ts.convertCompilerOptionsFromJson(
    ts.readConfigFile(join(root, '../../tsconfig.json'), ts.sys.readFile).config.compilerOptions,
    join(root, '../..'),
  )
  return ts.createProgram(files, options)
}

/** What an entry point exports, and of that what says nothing of itself. */
function exportsOf(entry: string): { names: string[]; undocumented: string[] } {
  const checker = program.getTypeChecker()
  const symbols = checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(entry)!)!)
  const isDocumented = (symbol: ts.Symbol): boolean => {
    const origin = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
    return origin.getDocumentationComment(checker).length > 0
  }
  const namesOf = (some: readonly ts.Symbol[]): string[] => some.map(({ name }) => name)
  return { names: namesOf(symbols), undocumented: namesOf(symbols.filter((symbol) => !isDocumented(symbol))) }
}

test('everything that is exported says what it is, and the README names it', () => {
  const { names, undocumented } = exportsOf(index)
  assert.ok(names.includes('Kind') && names.includes('ClusterConfig') && names.length > 40, `${names.length}`)
  assert.deepEqual(undocumented, [])
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  const values = [
    'openKind',
    'Kind',
    'obtainKind',
    'detectProvider',
    'validateConfig',
    'assertValidConfig',
    'parseConfig',
  ]
  for (const name of [
    ...values,
    'formatConfig',
    'plannedNodeNames',
    'readImageArchive',
    'ProgressParser',
    'ConfigProblem',
  ])
    assert.match(readme, new RegExp(`\\b${name}\\b`), name)
})

test('control: what says nothing is noticed', () => {
  assert.deepEqual(exportsOf(sample).undocumented, ['digestOf'])
})
