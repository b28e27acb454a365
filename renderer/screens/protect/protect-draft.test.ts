import { expect, test } from 'vitest'
import {
  emptyDraft,
  emptyVault,
  guessName,
  nameTrouble,
  parseExcludes,
  placeOf,
  placeTrouble,
  stepsOf,
  stepTrouble,
  withFolder,
  withoutFolder,
} from './protect-draft.ts'

test('the item is named after its first folder until somebody types a name', () => {
  const draft = withFolder(withFolder(emptyDraft, '/home/me/Documents'), '/home/me/Pictures')
  expect([draft.itemName, draft.folders.length]).toEqual(['documents', 2])
  expect(withoutFolder(draft, '/home/me/Documents').itemName).toBe('pictures')
  expect(withFolder({ ...draft, itemName: 'mine', isNameTyped: true }, '/x').itemName).toBe('mine')
  expect(withFolder(draft, '/home/me/Pictures')).toBe(draft)
})

test('a guessed name is one that an item may have', () => {
  for (const folder of ['/a/._private', '/Fotos & Filme', `/${'x'.repeat(200)}`, '/…/Überblick']) {
    expect(nameTrouble(guessName(folder))).toBeUndefined()
  }
  expect(guessName('/')).toBe('')
})

test('no step is left before it is done', () => {
  expect(stepTrouble('folders', emptyDraft)).toBeDefined()
  const chosen = withFolder(emptyDraft, '/home/me')
  expect(stepTrouble('folders', chosen)).toBeUndefined()
  expect(stepTrouble('vault', chosen)).toBeDefined()
  expect(
    stepTrouble('vault', { ...chosen, newVault: { ...emptyVault, name: 'usb', directory: 'relative' } }),
  ).toBeDefined()
  expect(
    stepTrouble('vault', { ...chosen, newVault: { ...emptyVault, name: 'usb', directory: '/media/usb' } }),
  ).toBeUndefined()
  expect(stepTrouble('vault', { ...chosen, knownVault: 'usb' })).toBeUndefined()
})

test('a vault that is known needs neither passphrase nor kit', () => {
  expect(stepsOf({ knownVault: 'usb' })).not.toContain('kit')
  expect(stepsOf({ knownVault: undefined })).toContain('kit')
  expect(parseExcludes(' *.iso \n\n/tmp\n')).toEqual(['*.iso', '/tmp'])
})

test('a place in S3: what was left empty is left out', () => {
  const s3 = { ...emptyVault.s3, url: 's3://bucket/tharsis' }
  const vault = { ...emptyVault, kind: 's3', name: 'cloud', s3 } as const
  expect(placeOf(vault)).toEqual({ url: 's3://bucket/tharsis', pathStyle: false, credentials: {} })
  const keys = { accessKeyId: 'AK', secretAccessKey: 'secret' }
  expect(placeOf({ ...vault, s3: { ...s3, ...keys, region: 'eu-central-1', endpoint: 'https://s3.example' } })).toEqual(
    {
      url: 's3://bucket/tharsis',
      endpoint: 'https://s3.example',
      region: 'eu-central-1',
      pathStyle: false,
      credentials: { keys },
    },
  )
  expect(placeTrouble(vault)).toBeUndefined()
  expect(placeTrouble({ ...vault, s3: { ...s3, url: 'bucket' } })).toBeDefined()
  expect(placeTrouble({ ...vault, s3: { ...s3, accessKeyId: 'AK' } })).toBeDefined()
})
