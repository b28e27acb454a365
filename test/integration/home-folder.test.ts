import { expect, test } from 'vitest'
import { findHomeFolder } from '../../agent-core/cli/home-folder.ts'
import { homeFolder } from '../../main/shell-paths.ts'

test.each([
  ['linux', {}],
  ['linux', { XDG_DATA_HOME: '/data' }],
  ['linux', { XDG_DATA_HOME: 'relative' }],
  ['linux', { THARSIS_HOME: '/elsewhere' }],
  ['linux', { THARSIS_HOME: '' }],
  ['darwin', {}],
] as const)('the shell and the command line mean the same home folder: %s %o', (platform, env) => {
  const deps = { env, cwd: process.cwd(), platform, userHome: '/home/ann' }
  expect(homeFolder(platform, env, '/home/ann')).toBe(findHomeFolder(undefined, deps))
})
