import assert from 'node:assert/strict'
import { test } from 'node:test'
import { missingSettings } from './build-kernel.ts'

test('settings that kconfig dropped are named', () => {
  const fragment = '# comment\nCONFIG_A=y\nCONFIG_B=y\nCONFIG_C=n\nCONFIG_D=n\nCONFIG_E="null"\n'
  const config = 'CONFIG_A=y\n# CONFIG_B is not set\n# CONFIG_C is not set\nCONFIG_D=y\nCONFIG_E="null"\n'
  assert.deepEqual(missingSettings(fragment, config), ['CONFIG_B=y', 'CONFIG_D=n'])
})
