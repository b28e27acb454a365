/** `npm run docs` writes docs/rpc.md; with `--check` it only says whether the page is stale. */

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { renderRpcPage } from './render-rpc-page.ts'

const path = join(import.meta.dirname, '..', '..', 'docs', 'rpc.md')
const page = renderRpcPage()
const isCurrent = existsSync(path) && readFileSync(path, 'utf8') === page

if (!process.argv.includes('--check')) {
  if (!isCurrent) writeFileSync(path, page)
  console.log(`docs/rpc.md ${isCurrent ? 'is current' : 'written'}`)
} else if (isCurrent) {
  console.log('docs: rpc.md is current')
} else {
  console.error('docs/rpc.md is stale: run "npm run docs"')
  process.exitCode = 1
}
