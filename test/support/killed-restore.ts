/**
 * `node killed-restore.ts TARGET N`: restores tallTree() into TARGET and kills itself while it reads the N-th block of
 * a file, as a power cut or `kill -9` would. `node killed-restore.ts TARGET N CHUNKS`: restores wideTree() by worker
 * threads, out of chunk files in the folder CHUNKS, and kills itself once N entries are done.
 */

import { putInChunkFiles } from './chunked-point.ts'
import { PointTree, tallTree, wideTree } from './point-tree.ts'
import { RestorePlace } from './restore-place.ts'

const [target = '', killAt = '1', chunks] = process.argv.slice(2)
const point = new PointTree()
const root = point.root({ '/home/u/docs': chunks === undefined ? tallTree() : wideTree() })
const kill = (): void => {
  process.kill(process.pid, 'SIGKILL')
}
const fileBlocks = new Set(point.fileBlocks)
let reads = 0
point.onRead = (id) => {
  if (fileBlocks.has(id) && ++reads === Number(killAt)) kill()
}
const place = new RestorePlace(point, target)
if (chunks === undefined) {
  await place.restore(root)
} else {
  putInChunkFiles(point, chunks)
  await place.restore(root, {}, ({ filesDone }) => {
    if (filesDone >= Number(killAt)) kill()
  })
}
