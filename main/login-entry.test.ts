import { appendFileSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { TestFolder } from '../test/support/test-home.ts'
import { LoginEntry } from './login-entry.ts'

test('an entry in the autostart folder is there once it is set, and gone again', () => {
  using folder = new TestFolder()
  const env = { XDG_CONFIG_HOME: folder.at('config') }
  const entry = new LoginEntry({ env, executable: '/opt/Tharsis/tharsis', checkout: undefined })
  expect(entry.isOn).toBe(false)
  entry.set(false)
  entry.set(true)
  entry.set(true)
  expect(entry.isOn).toBe(true)
  const text = readFileSync(folder.at('config', 'autostart', 'io.tharsis.desktop.desktop'), 'utf8')
  expect(text).toContain('\nExec="/opt/Tharsis/tharsis" "--hidden"\n')
  entry.set(false)
  expect(entry.isOn).toBe(false)
})

test.each(['Hidden=true', 'X-GNOME-Autostart-enabled=false'])(
  'one that a desktop has switched off does not count: %s',
  (line) => {
    using folder = new TestFolder()
    const env = { XDG_CONFIG_HOME: folder.path }
    const entry = new LoginEntry({ env, executable: '/x/tharsis', checkout: undefined })
    entry.set(true)
    appendFileSync(folder.at('autostart', 'io.tharsis.desktop.desktop'), `${line}\n`)
    expect(entry.isOn).toBe(false)
    entry.set(true)
    expect(entry.isOn).toBe(true)
  },
)

test.each([
  [{ APPIMAGE: '/home/me/Tharsis.AppImage' }, undefined, String.raw`Exec="/home/me/Tharsis.AppImage" "--hidden"`],
  [{}, '/src/a b', String.raw`Exec="/x/electron" "/src/a b" "--hidden"`],
  [
    {},
    '/src/100 % "$c` \\',
    String.raw`Exec="/x/electron" "/src/100 %% \\"\\$c\\` + '` ' + String.raw`\\\\" "--hidden"`,
  ],
])('what it starts: %o %s', (env, checkout, line) => {
  using folder = new TestFolder()
  // A relative folder counts for nothing, by the specification.
  const given = { env: { ...env, XDG_CONFIG_HOME: 'config' }, executable: '/x/electron', checkout }
  new LoginEntry(given, folder.path).set(true)
  const text = readFileSync(folder.at('.config', 'autostart', 'io.tharsis.desktop.desktop'), 'utf8')
  expect(text.split('\n')).toContain(line)
})
