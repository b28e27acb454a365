import { expect, test } from 'vitest'
import { findHomeFolder } from './home-folder.ts'

const deps = { cwd: '/here', userHome: '/home/me', platform: 'linux', env: {} } as const

test.each([
  ['--home, relative', 'x', { env: { THARSIS_HOME: '/other' } }, '/here/x'],
  ['THARSIS_HOME', undefined, { env: { THARSIS_HOME: 'other' } }, '/here/other'],
  ['an empty THARSIS_HOME counts as none', undefined, { env: { THARSIS_HOME: '' } }, '/home/me/.local/share/tharsis'],
  ['XDG_DATA_HOME', undefined, { env: { XDG_DATA_HOME: '/data' } }, '/data/tharsis'],
  ['a relative XDG_DATA_HOME is invalid', undefined, { env: { XDG_DATA_HOME: 'd' } }, '/home/me/.local/share/tharsis'],
  ['macOS', undefined, { platform: 'darwin' }, '/home/me/Library/Application Support/Tharsis'],
  ['Windows', undefined, { platform: 'win32', env: { LOCALAPPDATA: 'C:\\L' } }, 'C:\\L\\Tharsis'],
] as const)('%s', (_name, given, change, folder) => {
  expect(findHomeFolder(given, { ...deps, ...change })).toBe(folder)
})
