/** `npm run docs` writes docs/errors.md; with `--check` it only says whether the page is stale. */

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { renderErrorsPage } from './render-errors-page.ts'

const path = join(import.meta.dirname, '..', '..', 'docs', 'errors.md')
const page = renderErrorsPage()
const isCurrent = existsSync(path) && readFileSync(path, 'utf8') === page

if (!process.argv.includes('--check')) {
  if (!isCurrent) writeFileSync(path, page)
  console.log(`docs/errors.md ${isCurrent ? 'is current' : 'written'}`)
} else if (isCurrent) {
  console.log('docs: errors.md is current')
} else {
  console.error('docs/errors.md is stale: run "npm run docs"')
  process.exitCode = 1
}
