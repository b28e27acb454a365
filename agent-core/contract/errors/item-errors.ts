/** Items, policies, and the folders and files that are protected. */
import { type File, type Reason, spec } from './error-spec.ts'

export const itemErrors = {
  // item
  'item.not-found': spec<{ name: string }>({
    scope: 'agent',
    retry: false,
    exitCode: 4,
    words: (d) => `There is no protected item named "${d.name}".`,
    advice: () => 'See "tharsis item list".',
  }),
  'item.exists': spec<{ name: string }>({
    scope: 'agent',
    retry: false,
    exitCode: 2,
    words: (d) => `There is a protected item named "${d.name}" already.`,
    advice: (d) => `Choose another name, or change that one with "tharsis item change ${d.name}".`,
  }),
  'item.read-only': spec<{ name: string; vault: string }>({
    scope: 'agent',
    retry: false,
    exitCode: 5,
    words: (d) => `"${d.name}" belongs to another machine whose points are read here from vault "${d.vault}".`,
    advice: () => 'Restore from it, or become that machine with "tharsis vault connect … --take-over".',
  }),

  'item.elsewhere': spec<{ name: string; vault: string; machine: string }>({
    scope: 'agent',
    retry: false,
    exitCode: 5,
    words: (d) => `Item "${d.name}" is known here from vault "${d.vault}", which this home uses in another way.`,
    advice: (d) =>
      `To back up into both vaults, become the machine in both: "tharsis vault connect … --take-over ${d.machine}". To read both, use another home folder.`,
  }),

  'item.stopped': spec<{ name: string; data: 'retained' | 'deleted' }>({
    scope: 'agent',
    retry: false,
    exitCode: 5,
    words: (d) =>
      d.data === 'retained'
        ? `The protection of item "${d.name}" is stopped; its points are kept.`
        : `The protection of item "${d.name}" is stopped, and its points are in the trash.`,
    advice: (d) =>
      d.data === 'retained'
        ? `Go on with "tharsis item resume ${d.name}".`
        : `Bring its points back with "tharsis item undelete ${d.name}", then go on with "tharsis item resume ${d.name}".`,
  }),
  'item.not-stopped': spec<{ name: string }>({
    scope: 'agent',
    retry: false,
    exitCode: 2,
    words: (d) => `The protection of item "${d.name}" is not stopped.`,
    advice: (d) => `See "tharsis item show ${d.name}".`,
  }),
  'item.not-deleted': spec<{ name: string }>({
    scope: 'agent',
    retry: false,
    exitCode: 2,
    words: (d) => `Item "${d.name}" was not stopped with its data deleted.`,
    advice: (d) => `Single points are brought back with "tharsis point undelete ${d.name} POINT".`,
  }),

  // policy: when items are backed up, and how long their points are kept
  'policy.not-found': spec<{ name: string }>({
    scope: 'agent',
    retry: false,
    exitCode: 4,
    words: (d) => `There is no policy named "${d.name}".`,
    advice: () => 'See "tharsis policy list".',
  }),
  'policy.exists': spec<{ name: string }>({
    scope: 'agent',
    retry: false,
    exitCode: 2,
    words: (d) => `There is a policy named "${d.name}" already.`,
    advice: (d) => `Choose another name, or change that one with "tharsis policy set ${d.name}".`,
  }),
  'policy.in-use': spec<{ name: string; items: readonly string[] }>({
    scope: 'agent',
    retry: false,
    exitCode: 5,
    words: (d) => `Policy "${d.name}" cannot be removed: it is that of ${d.items.join(', ')}.`,
    advice: () => 'Give the items another one with "tharsis item change ITEM --policy POLICY" first.',
  }),

  'backup.too-many': spec<{ item: string; most: number }>({
    scope: 'job',
    retry: true,
    exitCode: 5,
    words: (d) => `"${d.item}" has been backed up on demand ${d.most} times today, which is the most.`,
    advice: () =>
      'Wait for tomorrow or for the next scheduled backup. A run that a schedule of your own starts (cron, a timer) is ' +
      'called with --scheduled and does not count.',
  }),

  // source: the folders that are protected
  'source.missing': spec<File>({
    scope: 'job',
    retry: true,
    exitCode: 1,
    words: (d) => `The protected folder ${d.path} is not there. No point was made.`,
    advice: () =>
      'Connect or mount the disk that holds it. If the folder is gone for good, run the backup with --accept or take it out with "tharsis item change".',
  }),
  'source.unreadable': spec<File & Reason>({
    scope: 'job',
    retry: false,
    exitCode: 1,
    words: (d) => `The protected folder ${d.path} cannot be read: ${d.reason}. No point was made.`,
    advice: () => 'Run the backup as a user who may read it, or take the folder out with "tharsis item change".',
  }),
  'source.replaced': spec<File & { was: string; is: string }>({
    scope: 'job',
    retry: false,
    exitCode: 1,
    words: (d) =>
      `The protected folder ${d.path} lies on another file system than last time (${d.was} before, ${d.is} now). No point was made.`,
    advice: () => 'Mount the right disk, or run the backup with --accept when the change is intended.',
  }),
  'source.emptied': spec<File & { before: number; now: number }>({
    scope: 'job',
    retry: false,
    exitCode: 1,
    words: (d) =>
      `The protected folder ${d.path} has lost more than half of its entries (${d.before} before, ${d.now} now). No point was made.`,
    advice: () =>
      'Check that the right disk is mounted and nothing was deleted by mistake; run the backup with --accept when it is intended.',
  }),

  // file: warnings about single files; the job goes on
  'file.vanished': spec<File>({
    scope: 'file',
    retry: true,
    exitCode: 3,
    words: () => 'The file was deleted or renamed while the backup ran.',
    advice: () => 'Nothing to do if that was intended; the next backup sees the folder as it is then.',
  }),
  'file.changing': spec<File>({
    scope: 'file',
    retry: true,
    exitCode: 3,
    words: () =>
      'The file was being written while it was read, three times in a row; the last reading was kept and may mix old and new content.',
    advice: () => 'Close the program that writes it, or protect it through a snapshot.',
  }),
  'file.unreadable': spec<File & Reason>({
    scope: 'file',
    retry: false,
    exitCode: 3,
    words: (d) => `The file or folder could not be read (${d.reason}).`,
    advice: () => 'Check its permissions and the health of its disk, or exclude it.',
  }),
  'file.metadata-unreadable': spec<File & Reason>({
    scope: 'file',
    retry: false,
    exitCode: 3,
    words: (d) => `Its content is protected, but some of its attributes could not be read (${d.reason}).`,
    advice: () => 'Check its permissions.',
  }),
  'file.metadata-not-restored': spec<File & Reason>({
    scope: 'file',
    retry: false,
    exitCode: 3,
    words: (d) => `Its content was restored, but not all of its attributes (${d.reason}).`,
    advice: () => 'Restore as the owner or as root, into a file system that can hold these attributes.',
  }),
  'file.not-restored': spec<File & Reason>({
    scope: 'file',
    retry: false,
    exitCode: 3,
    words: (d) => `It was not restored (${d.reason}).`,
    advice: () => 'Mend the reason and restore it again.',
  }),
  'file.restored-beside': spec<File & Reason>({
    scope: 'file',
    retry: false,
    exitCode: 3,
    words: (d) => `It was restored beside its place, ${d.reason}.`,
    advice: () => 'Nothing was lost. To have it in its place, move away what is there and restore it again.',
  }),
  'file.special-left-out': spec<File & Reason>({
    scope: 'file',
    retry: false,
    exitCode: 3,
    words: (d) => `Restored on request only: ${d.reason}.`,
    advice: () => 'Give --special to restore it too: it lends power to whoever runs or opens the file.',
  }),
  'file.damaged': spec<File & Reason>({
    scope: 'file',
    retry: false,
    exitCode: 8,
    words: (d) => `It was not restored, because its data is damaged: ${d.reason}.`,
    advice: () =>
      'Restore it from another point or another vault; "tharsis vault verify NAME --read-data 100" lists everything that is damaged.',
  }),

  // journal: what watches the folders while the agent runs
  'journal.missed-changes': spec<File & Reason>({
    scope: 'file',
    retry: true,
    exitCode: 3,
    words: (d) => `The change journal had missed changes in this folder (${d.reason}); a full scan found them.`,
    advice: () =>
      'They are protected now, and the journal is not trusted before the next full scan. Points made since the last ' +
      'full scan may hold an older state of this folder. Please report it if it happens again.',
  }),
} as const
