/** `npm run docs` writes docs/cli.md; with `--check` it only says whether the page is stale. */

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { renderCliPage } from './render-cli-page.ts'

const path = join(import.meta.dirname, '..', '..', 'docs', 'cli.md')
const page = renderCliPage()
const isCurrent = existsSync(path) && readFileSync(path, 'utf8') === page

if (!process.argv.includes('--check')) {
  if (!isCurrent) writeFileSync(path, page)
  console.log(`docs/cli.md ${isCurrent ? 'is current' : 'written'}`)
} else if (isCurrent) {
  console.log('docs: cli.md is current')
} else {
  console.error('docs/cli.md is stale: run "npm run docs"')
  process.exitCode = 1
}
