/**
 * A peer that finds a warm page cache, whoever came before it. The runner reads a corpus once, before the first
 * program; idle pages are given back to the system, and what comes later would pay for reading the disk. It asks for a
 * command line before it starts its clock: what is done then is not timed.
 */
import { spawnSync } from 'node:child_process'
import type { Peer, PeerContext } from './peer.ts'

/** `peer`, with its inputs read before each backup (the corpus) and each restore (repository and cache). */
export function warmedPeer(peer: Peer, read: (folder: string) => void = readAll): Peer {
  const readRepository = ({ repo, state }: PeerContext): void => {
    read(repo)
    read(state)
  }
  return {
    ...peer,
    backup: (context, source, number) => {
      read(source)
      return peer.backup(context, source, number)
    },
    restore: (context, source, target, number) => {
      readRepository(context)
      return peer.restore(context, source, target, number)
    },
    restoreOne: (context, source, file, target, number) => {
      readRepository(context)
      return peer.restoreOne(context, source, file, target, number)
    },
  }
}

/** Reads every file below a folder, as the runner does it. */
function readAll(folder: string): void {
  const command = 'find "$1" -type f -print0 | xargs -0 -r cat >/dev/null'
  const { status, error } = spawnSync('sh', ['-c', command, 'sh', folder], { stdio: ['ignore', 'ignore', 'inherit'] })
  if (status !== 0) throw new Error(`${folder} could not be read`, { cause: error })
}
