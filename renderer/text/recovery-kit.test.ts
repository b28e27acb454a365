import { expect, test } from 'vitest'
import { createPassphrase, passphraseTrouble } from './passphrase.ts'
import { isTypedBack, recoveryKitName, recoveryKitText } from './recovery-kit.ts'

const recoveryCode = '7K3QX-00000-11111-22222-33333-9MZ2A-BC0D1'

test('the kit holds what is needed on a new computer, and no passphrase', () => {
  const text = recoveryKitText({
    vault: 'usb',
    address: '/media/usb/tharsis',
    machine: 'study',
    recoveryCode,
    madeAt: '2026-11-26T12:00:00.000Z',
  })
  for (const part of ['usb', '/media/usb/tharsis', 'study', recoveryCode, '2026-11-26']) expect(text).toContain(part)
  expect(recoveryKitName('../my vault')).toBe('tharsis-recovery-kit--my-vault.txt')
})

test('a part of the code is typed back, however it is typed', () => {
  for (const typed of ['9MZ2A-BC0D1', ' 9mz2a bcod1', '9MZ2ABCOD1', recoveryCode]) {
    expect(isTypedBack(typed, recoveryCode)).toBe(true)
  }
  for (const typed of ['', ' ', '-', 'BC0D1', '9MZ2A-BC0D2', '7K3QX-00000']) {
    expect(isTypedBack(typed, recoveryCode)).toBe(false)
  }
})

test('a generated passphrase is long enough, and made of all the bytes that come', () => {
  let next = 0
  const passphrase = createPassphrase((sizeBytes) => Uint8Array.from({ length: sizeBytes }, () => (next += 37) & 255))
  expect(passphrase).toMatch(/^([a-z2-9]{4}-){5}[a-z2-9]{4}$/)
  expect(passphraseTrouble(passphrase)).toBeUndefined()
  expect(passphraseTrouble('short')).toContain('16')
  expect(passphraseTrouble('aaaaaaaaaaaaaaaaaaaa')).toBeDefined()
  expect(passphraseTrouble('correct horse battery')).toBeUndefined()
})
