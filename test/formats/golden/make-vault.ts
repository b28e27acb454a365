/**
 * Wrote the golden vault of version 1, once: `node test/formats/golden/make-vault.ts`. Like all golden files it is
 * never written again, so this refuses to overwrite. Digests come from the source folder itself, not through the product.
 */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { backupNow } from '../../../agent-core/api/backup-verbs.ts'
import { enableItem } from '../../../agent-core/api/item-verbs.ts'
import { createNewVault } from '../../../agent-core/api/vault-verbs.ts'
import { describeFiles } from '../../support/describe-files.ts'
import { changeSampleTree, longText, makeSampleTree } from '../../support/sample-tree.ts'
import { plainSettings, TestFolder, TestHome } from '../../support/test-home.ts'

const folder = join(import.meta.dirname, 'vault-v1')
const passphrase = 'correct horse battery staple ﬁne'
using home = new TestHome({ machine: 'golden machine' })
using place = new TestFolder('golden-vault-')
const source = place.at('source')
const texts = place.at('texts')
const points: { item: string; point: string; entries: unknown }[] = []

async function backUp(item: string, path: string): Promise<void> {
  const { point, warnings, failure } = await backupNow(home.deps, item, { accept: false }, {})
  if (point === null || failure !== undefined || warnings.length > 0) throw new Error(`the backup of ${item} is not whole`)
  const label = item === 'documents' ? 'source' : 'texts'
  points.push({ item, point: point.id, entries: describeFiles(path, label) })
}

// Fails when it is there.
mkdirSync(folder)
makeSampleTree(source)
mkdirSync(texts)
writeFileSync(join(texts, 'zstd.txt'), longText(20_000).replaceAll('line', 'row'))
const { recoveryCode } = await createNewVault(home.deps, 'golden', place.at('vault'), passphrase)
await enableItem(home.deps, 'documents', ['golden'], { ...plainSettings, folders: [source] })
await enableItem(home.deps, 'texts', ['golden'], { ...plainSettings, folders: [texts], compression: 'zstd' })
await backUp('documents', source)
await changeSampleTree(source)
await backUp('documents', source)
await backUp('texts', texts)
cpSync(place.at('vault'), folder, { recursive: true })
const expected = { passphrase, recoveryCode, points }
writeFileSync(join(import.meta.dirname, 'vault-v1.json'), `${JSON.stringify(expected, null, 1)}\n`, { flag: 'wx' })
