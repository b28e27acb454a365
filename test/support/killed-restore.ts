/**
 * `node killed-restore.ts TARGET N`: restores tallTree() into TARGET and kills itself while it reads the N-th block of
 * a file, as a power cut or `kill -9` would.
 */

import { PointTree, tallTree } from './point-tree.ts'
import { RestorePlace } from './restore-place.ts'

const [target = '', killAtRead = '1'] = process.argv.slice(2)
const point = new PointTree()
const root = point.root({ '/home/u/docs': tallTree() })
const fileBlocks = new Set(point.fileBlocks)
let reads = 0
point.onRead = (id) => {
  if (fileBlocks.has(id) && ++reads === Number(killAtRead)) process.kill(process.pid, 'SIGKILL')
}
await new RestorePlace(point, target).restore(root)
