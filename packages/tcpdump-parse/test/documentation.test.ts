import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const root = fileURLToPath(new URL('..', import.meta.url))

/** What an entry point exports, and of that what says nothing of itself. */
function exportsOf(entry: string): { names: string[]; undocumented: string[] } {
  const { options } = ts.convertCompilerOptionsFromJson(
    ts.readConfigFile(join(root, '../../tsconfig.json'), ts.sys.readFile).config.compilerOptions,
    join(root, '../..'),
  )
  const program = ts.createProgram([entry], options)
  const checker = program.getTypeChecker()
  const module = checker.getSymbolAtLocation(program.getSourceFile(entry)!)!
  const symbols = checker.getExportsOfModule(module)
  const isDocumented = (symbol: ts.Symbol): boolean => {
    const origin = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
    return origin.getDocumentationComment(checker).length > 0
  }
  const namesOf = (some: readonly ts.Symbol[]): string[] => some.map(({ name }) => name)
  return { names: namesOf(symbols), undocumented: namesOf(symbols.filter((symbol) => !isDocumented(symbol))) }
}

test('everything that is exported says what it is', () => {
  const { names, undocumented } = exportsOf(join(root, 'src/index.ts'))
  assert.ok(names.includes('readCapture') && names.includes('Ipv4') && names.length > 60, `${names.length}`)
  assert.deepEqual(undocumented, [])
  assert.deepEqual(exportsOf(join(root, 'src/survey/survey.ts')).undocumented, [])
})

test('control: what says nothing is noticed', () => {
  assert.deepEqual(exportsOf(join(root, 'test/esp-suites.ts')).undocumented, ['espSuites'])
})
