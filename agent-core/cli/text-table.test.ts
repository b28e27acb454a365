import { expect, test } from 'vitest'
import { displayWidth } from './plain-text.ts'
import { renderFacts, renderTable } from './text-table.ts'

const columns = [{ title: 'NAME' }, { title: 'SIZE', align: 'right' }, { title: 'PATH', shrink: 'keep-end' }] as const
const rows = [
  ['a', '1,000', '/some/long/path/to/a/file'],
  ['日本', '5', '/x\u001b\n'],
]

test('columns are aligned by cells, and text is plain', () => {
  expect(renderTable(columns, rows, { colours: false })).toEqual([
    'NAME   SIZE  PATH',
    'a     1,000  /some/long/path/to/a/file',
    '日本      5  /x\\x1b\\n',
  ])
})

test('a narrow terminal cuts the column that may be cut', () => {
  const lines = renderTable(columns, rows, { colours: false, width: 30 })
  expect(Math.max(...lines.map(displayWidth))).toBeLessThanOrEqual(30)
  expect(lines[1]).toMatch(/…g\/path\/to\/a\/file$/)
})

test('colours only mark the titles', () => {
  const [title, first] = renderTable(columns, rows, { colours: true })
  expect(title).toBe('\u001b[1mNAME   SIZE  PATH\u001b[0m')
  expect(first).not.toContain('\u001b')
})

test('facts go on below themselves', () => {
  expect(
    renderFacts([
      ['Name', 'x\n'],
      ['Folders', ['/a', '/b']],
    ]),
  ).toEqual(['Name     x\\n', 'Folders  /a', '         /b'])
})
