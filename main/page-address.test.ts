import { expect, test } from 'vitest'
import { fileOfPage, isPageOfOurs } from './page-address.ts'

test.each([
  ['tharsis://app/', true],
  ['tharsis://app/index.html#/restore', true],
  ['tharsis://other/', false],
  ['tharsis2://app/', false],
  ['https://app/', false],
  ['file:///etc/passwd', false],
  ['about:blank', false],
  ['', false],
])('%s is a page of the app: %s', (address, isOurs) => {
  expect(isPageOfOurs(address)).toBe(isOurs)
})

test('a page is a file below the folder, and nothing else', () => {
  expect(fileOfPage('tharsis://app/', '/pages')).toBe('/pages/index.html')
  expect(fileOfPage('tharsis://app/assets/a.js?x#y', '/pages')).toBe('/pages/assets/a.js')
  for (const address of [
    'tharsis://app/../../etc/passwd',
    'tharsis://app/%2e%2e/%2e%2e/etc/passwd',
    'tharsis://app/..%2f..%2fetc%2fpasswd',
    'tharsis://app/a%00b',
    'tharsis://app/%zz',
    'https://app/index.html',
  ]) {
    const file = fileOfPage(address, '/pages')
    expect(file === undefined || file.startsWith('/pages/'), address).toBe(true)
  }
  expect(fileOfPage('tharsis://app/..%2f..%2fetc%2fpasswd', '/pages')).toBeUndefined()
})
