import { displayWidth, fitText, plainText } from './plain-text.ts'

export interface Column {
  readonly title: string
  readonly align?: 'right'
  /** This column gives way where the terminal is too narrow; its end or its start is kept. */
  readonly shrink?: 'keep-start' | 'keep-end'
}

export interface TableStyle {
  /** Cells of the terminal; undefined: lines may be as long as they are. */
  readonly width?: number | undefined
  readonly colours: boolean
}

const gap = '  '
const leastShrunkWidth = 12

/** Lines of an aligned table with a title line. Cells are made plain here. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  style: TableStyle,
): string[] {
  const cells = rows.map((row) => row.map(plainText))
  const widths = columns.map((column, at) =>
    Math.max(displayWidth(column.title), ...cells.map((row) => displayWidth(row[at] ?? ''))),
  )
  shrink(columns, widths, style.width)
  const renderRow = (row: readonly string[]): string =>
    columns
      .map((column, at) => pad(row[at] ?? '', widths[at] ?? 0, column))
      .join(gap)
      .trimEnd()
  const title = renderRow(columns.map((column) => column.title))
  return [style.colours ? `\u001b[1m${title}\u001b[0m` : title, ...cells.map(renderRow)]
}

/** Lines `name  value`, values aligned; a value of several lines goes on below itself. Values are made plain here. */
export function renderFacts(facts: readonly (readonly [name: string, value: string | readonly string[]])[]): string[] {
  const width = Math.max(0, ...facts.map(([name]) => displayWidth(name)))
  return facts.flatMap(([name, value]) => {
    const lines = typeof value === 'string' ? [value] : value
    return lines.map((line, at) => `${(at === 0 ? name : '').padEnd(width)}${gap}${plainText(line)}`)
  })
}

function shrink(columns: readonly Column[], widths: number[], width: number | undefined): void {
  if (width === undefined) return
  let over = widths.reduce((sum, cell) => sum + cell, gap.length * (columns.length - 1)) - width
  for (const [at, column] of columns.entries()) {
    if (over <= 0) return
    const have = widths[at] ?? 0
    if (column.shrink === undefined || have <= leastShrunkWidth) continue
    const less = Math.min(over, have - leastShrunkWidth)
    widths[at] = have - less
    over -= less
  }
}

function pad(cell: string, width: number, column: Column): string {
  const text = fitText(cell, width, column.shrink === 'keep-end' ? 'end' : 'start')
  const space = ' '.repeat(Math.max(0, width - displayWidth(text)))
  return column.align === 'right' ? `${space}${text}` : `${text}${space}`
}
