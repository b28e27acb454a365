import { expect, test, vi } from 'vitest'
import { testIdOf, testKeys } from '../../test/support/test-keys.ts'
import { openBase } from './base-db.ts'
import { BasePageReader } from './base-page-reader.ts'

const pageOf = (number: number): readonly [Buffer, Buffer] => {
  const page = Buffer.from(`page ${number} ${'x'.repeat(200)}`)
  return [testIdOf(page), page]
}

test('one question answers for the pages that were put with it', () => {
  using base = openBase(':memory:')
  const pages = Array.from({ length: 1000 }, (_, number) => pageOf(number))
  base.pages.put(pages)
  const questions = vi.spyOn(base.pages, 'runWith')
  const reader = new BasePageReader(base.pages, testKeys.id)
  for (const [id, page] of pages) expect(reader.find(id)).toEqual(page)
  expect(questions.mock.calls.length).toBeLessThan(40)
  // From the first again: what was read last is still there, what was read first is not.
  for (const [id, page] of pages.toReversed()) expect(reader.find(id)).toEqual(page)
})

test('a page that is not there, or is not what its id says, is none; put right, it is read again', () => {
  using base = openBase(':memory:')
  const [id, page] = pageOf(1)
  const reader = new BasePageReader(base.pages, testKeys.id)
  expect(reader.find(id)).toBeUndefined()
  base.pages.put([[id, Buffer.from('rotten')], pageOf(2)])
  expect(reader.find(id)).toBeUndefined()
  base.pages.put([[id, page]])
  expect(reader.find(id)).toEqual(page)
  expect(reader.find(pageOf(2)[0])).toEqual(pageOf(2)[1])
})
