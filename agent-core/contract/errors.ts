/**
 * THE error table: every error the agent can report, from which `docs/errors.md` is generated.
 * A code is `area.problem`. Scope says what fails with it: one file or item, the job, or the agent.
 * Browser-safe: no imports.
 */

export interface ErrorSpec<Data> {
  /** What stops: one `file` (a warning), the `item`'s `job`, or the `agent` (the whole verb). */
  readonly scope: 'file' | 'job' | 'agent'
  /** True when the same call may succeed later with nothing changed by a person. */
  readonly retry: boolean
  /** Exit status of a verb that ends with it (product.md, exit codes). */
  readonly exitCode: 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8
  /** What happened, in plain words. */
  readonly words: (data: Data) => string
  /** What to do about it. */
  readonly advice: (data: Data) => string
}

function spec<Data>(value: ErrorSpec<Data>): ErrorSpec<Data> {
  return value
}

type File = { path: string }
type Reason = { reason: string }

export const errorTable = {
  // usage: the words of the call are wrong; nothing was changed
  'usage.invalid': spec<{ problem: string; advice: string }>({
    scope: 'agent',
    retry: false,
    exitCode: 2,
    words: (d) => d.problem,
    advice: (d) => d.advice,
  }),
  'usage.interactive-needed': spec<{ what: string }>({
    scope: 'agent',
    retry: false,
    exitCode: 2,
    words: (d) => `No ${d.what} was given and there is no terminal to ask on.`,
    advice: (d) =>
      ({
        'new passphrase': 'Set THARSIS_NEW_PASSPHRASE or give --new-passphrase-file FILE.',
        'new PIN': 'Set THARSIS_NEW_PIN or give --new-pin-file FILE.',
        PIN: 'Set THARSIS_PIN or give --pin-file FILE.',
        confirmation: 'Give --yes when it is meant.',
      })[d.what] ?? 'Set THARSIS_PASSPHRASE or give --passphrase-file FILE.',
  }),

  // home: the agent's own folder
  'home.locked': spec<{ home: string; pid: number }>({
    scope: 'agent',
    retry: true,
    exitCode: 1,
    words: (d) => `Another Tharsis process (pid ${d.pid}) is writing to the home folder ${d.home}.`,
    advice: () =>
      'Wait until it has finished and run this again; reading verbs (list, files, restore, verify) need not wait.',
  }),
  'home.unusable': spec<{ home: string } & Reason>({
    scope: 'agent',
    retry: false,
    exitCode: 1,
    words: (d) => `The home folder ${d.home} cannot be used: ${d.reason}.`,
    advice: () => 'Give another folder with --home DIR or THARSIS_HOME, or mend its permissions.',
  }),
  'home.newer': spec<{ path: string; found: number; known: number }>({
    scope: 'agent',
    retry: false,
    exitCode: 1,
    words: (d) => `${d.path} was written by a newer Tharsis (schema ${d.found}, this one knows ${d.known}).`,
    advice: () => 'Update Tharsis on this machine.',
  }),
  'platform.unsupported': spec<{ platform: string }>({
    scope: 'agent',
    retry: false,
    exitCode: 1,
    words: (d) => `Tharsis does not run on this system (${d.platform}) yet.`,
    advice: () => 'Use it on 64-bit Linux (x64 or arm64).',
  }),
  'secrets.failed': spec<{ place: string } & Reason>({
    scope: 'agent',
    retry: true,
    exitCode: 7,
    words: (d) => `The secret store of this machine (${d.place}) cannot be used: ${d.reason}.`,
    advice: () =>
      'Unlock the keychain and run this again, or give the passphrase (THARSIS_PASSPHRASE or --passphrase-file).',
  }),
  'cache.full': spec<{ path: string }>({
    scope: 'job',
    retry: true,
    exitCode: 1,
    words: (d) => `The disk that holds the cache (${d.path}) is full.`,
    advice: () => 'Make room there and run the backup again; nothing that was captured before is lost.',
  }),
  'cache.budget-used': spec<{ budget: string } & Reason>({
    scope: 'job',
    retry: true,
    exitCode: 6,
    words: (d) =>
      `The budget of the cache (${d.budget}) is used up by data that the vault does not take: ${d.reason}. No point was made.`,
    advice: () =>
      'Make the vault reachable and run the backup again: it goes on with what was captured. Or give the cache more room with "tharsis settings set cache-budget SIZE".',
  }),
  'cache.failed': spec<{ path: string } & Reason>({
    scope: 'job',
    retry: false,
    exitCode: 1,
    words: (d) => `The cache ${d.path} cannot be used: ${d.reason}.`,
    advice: () => 'Check that disk; the cache can be deleted and is rebuilt from the vault.',
  }),
  'cache.damaged': spec<{ path: string } & Reason>({
    scope: 'job',
    retry: false,
    exitCode: 1,
    words: (d) => `The cache ${d.path} is damaged: ${d.reason}.`,
    advice: () => 'Run a backup, which sets that file aside, or delete it: it is rebuilt from the vault.',
  }),

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
  'file.damaged': spec<File & Reason>({
    scope: 'file',
    retry: false,
    exitCode: 8,
    words: (d) => `It was not restored, because its data is damaged: ${d.reason}.`,
    advice: () =>
      'Restore it from another point or another vault; "tharsis vault verify" lists everything that is damaged.',
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

  // point
  'point.not-found': spec<{ item: string; point: string }>({
    scope: 'agent',
    retry: false,
    exitCode: 4,
    words: (d) => `Item "${d.item}" has no point "${d.point}".`,
    advice: (d) => `See "tharsis point list ${d.item}".`,
  }),
  'point.ambiguous': spec<{ point: string; matches: readonly string[] }>({
    scope: 'agent',
    retry: false,
    exitCode: 2,
    words: (d) => `"${d.point}" fits several points: ${d.matches.join(', ')}.`,
    advice: () => 'Give more digits of the id.',
  }),
  'point.leaving': spec<{ point: string }>({
    scope: 'agent',
    retry: false,
    exitCode: 5,
    words: (d) => `A clean-up of the vault is removing point ${d.point}: this came too late.`,
    advice: () =>
      'Look at the points that are left with "tharsis point list", and restore what you need from one of them.',
  }),
  'point.path-not-found': spec<{ point: string; path: string }>({
    scope: 'agent',
    retry: false,
    exitCode: 4,
    words: (d) => `Point ${d.point} holds no "${d.path}".`,
    advice: () => 'See "tharsis point files ITEM POINT".',
  }),

  'point.held': spec<{ point: string } & Reason>({
    scope: 'agent',
    retry: false,
    exitCode: 5,
    words: (d) => `Point ${d.point} is held and is not deleted: ${d.reason}.`,
    advice: () => 'Give it free with "tharsis point release ITEM POINT" first, when nobody needs it any more.',
  }),
  'point.not-held': spec<{ point: string }>({
    scope: 'agent',
    retry: false,
    exitCode: 2,
    words: (d) => `Point ${d.point} is not held.`,
    advice: () => 'See "tharsis point list ITEM".',
  }),
  'point.deleted': spec<{ point: string }>({
    scope: 'agent',
    retry: false,
    exitCode: 2,
    words: (d) => `Point ${d.point} is in the trash already.`,
    advice: () => 'See "tharsis point list ITEM --deleted"; "tharsis point undelete" brings it back.',
  }),
  'point.not-deleted': spec<{ point: string }>({
    scope: 'agent',
    retry: false,
    exitCode: 2,
    words: (d) => `Point ${d.point} is not in the trash.`,
    advice: () => 'See "tharsis point list ITEM --deleted".',
  }),

  // PIN: what takes something away asks for it
  'pin.needed': spec<Record<never, never>>({
    scope: 'agent',
    retry: false,
    exitCode: 5,
    words: () => 'This asks for the PIN, and there is nobody to ask.',
    advice: () => 'Run it on a terminal, set THARSIS_PIN or give --pin-file FILE; or run "tharsis pin check" first.',
  }),
  'pin.wrong': spec<{ wrong: number }>({
    scope: 'agent',
    retry: false,
    exitCode: 5,
    words: (d) => `That is not the PIN (wrong tries in a row: ${d.wrong}).`,
    advice: () => 'Try again; after three wrong tries each one has to wait longer than the one before.',
  }),
  'pin.wait': spec<{ seconds: number }>({
    scope: 'agent',
    retry: true,
    exitCode: 5,
    words: (d) => `After several wrong tries the PIN is not taken before ${d.seconds} seconds have passed.`,
    advice: () => 'Wait and try again. Backups and restores go on meanwhile.',
  }),
  'pin.not-set': spec<Record<never, never>>({
    scope: 'agent',
    retry: false,
    exitCode: 2,
    words: () => 'This home folder has no PIN.',
    advice: () => 'Set one with "tharsis pin set".',
  }),
  'pin.unfit': spec<Reason>({
    scope: 'agent',
    retry: false,
    exitCode: 2,
    words: (d) => d.reason,
    advice: () => 'Take 4 to 12 digits, or a phrase of at least 8 characters.',
  }),

  // vault
  'vault.not-found': spec<{ name: string }>({
    scope: 'agent',
    retry: false,
    exitCode: 4,
    words: (d) => `No vault named "${d.name}" is known here.`,
    advice: () => 'See "tharsis vault list".',
  }),
  'vault.exists': spec<{ name: string }>({
    scope: 'agent',
    retry: false,
    exitCode: 2,
    words: (d) => `A vault named "${d.name}" is known here already.`,
    advice: () => 'Choose another name.',
  }),
  'vault.known': spec<{ name: string }>({
    scope: 'agent',
    retry: false,
    exitCode: 2,
    words: (d) => `This vault is connected here already as "${d.name}".`,
    advice: (d) =>
      `Use it under that name; to become the machine that writes to it, run "tharsis vault connect ${d.name} … --take-over".`,
  }),
  'vault.not-empty': spec<{ address: string }>({
    scope: 'agent',
    retry: false,
    exitCode: 2,
    words: (d) => `${d.address} is not empty; a new vault is only made in an empty place.`,
    advice: () => 'Give an empty or new folder, or use "tharsis vault connect" if a vault is there.',
  }),
  'vault.unreachable': spec<{ address: string } & Reason>({
    scope: 'job',
    retry: true,
    exitCode: 6,
    words: (d) => `The vault ${d.address} cannot be reached: ${d.reason}.`,
    advice: () => 'Connect the disk or the network that holds it and run this again. Nothing was created there.',
  }),
  'vault.file-missing': spec<{ address: string }>({
    scope: 'job',
    retry: false,
    exitCode: 8,
    words: (d) => `The vault ${d.address} has lost its vault.json; its keyspaces are still there.`,
    advice: () =>
      'Put vault.json back from another copy of the vault, or use that copy. If "vault create" was interrupted here, empty the folder and create it again.',
  }),
  'vault.replaced': spec<{ address: string }>({
    scope: 'job',
    retry: false,
    exitCode: 6,
    words: (d) => `At ${d.address} is another vault than the one that was connected.`,
    advice: () => 'Connect the right disk, or connect this vault under a name of its own.',
  }),
  'vault.unknown-format': spec<{ address: string } & Reason>({
    scope: 'agent',
    retry: false,
    exitCode: 1,
    words: (d) => `The vault ${d.address} has a format that this Tharsis does not know (${d.reason}).`,
    advice: () => 'Update Tharsis on this machine.',
  }),
  'vault.wrong-passphrase': spec<{ address: string }>({
    scope: 'agent',
    retry: false,
    exitCode: 7,
    words: (d) => `The passphrase does not open the vault ${d.address}.`,
    advice: () => 'Type it again, or use the recovery code. Without one of them the data cannot be read.',
  }),
  'vault.weak-passphrase': spec<{ minimum: number }>({
    scope: 'agent',
    retry: false,
    exitCode: 2,
    words: (d) => `A passphrase needs at least ${d.minimum} characters.`,
    advice: () => 'Choose a longer one; several words are easy to remember.',
  }),
  'vault.locked': spec<{ name: string }>({
    scope: 'agent',
    retry: false,
    exitCode: 7,
    words: (d) => `The key of vault "${d.name}" is not stored on this machine any more.`,
    advice: () => 'Give the passphrase (THARSIS_PASSPHRASE or --passphrase-file); it is asked for once.',
  }),
  'vault.no-machine': spec<{ address: string; machine: string }>({
    scope: 'agent',
    retry: false,
    exitCode: 4,
    words: (d) => `No machine "${d.machine}" in the vault ${d.address} opens with this passphrase.`,
    advice: () => 'Leave out the name to see which machines the passphrase opens.',
  }),
  'vault.machine-taken': spec<{ address: string; machine: string; free: string }>({
    scope: 'agent',
    retry: false,
    exitCode: 2,
    words: (d) => `The vault ${d.address} has a machine called "${d.machine}" already.`,
    advice: (d) =>
      `Take another name: --machine-name "${d.free}" is free. To become that machine: "tharsis vault connect NAME … --take-over".`,
  }),
  'vault.cloned': spec<{ address: string; machine: string }>({
    scope: 'job',
    retry: false,
    exitCode: 5,
    words: (d) =>
      `The newest point of machine "${d.machine}" in the vault ${d.address} was made by another copy of this home folder, or by ` +
      'this one before it was put back from an older copy. Nothing was captured; what the vault has stays as it is.',
    advice: () =>
      'If another computer goes on with a copy of this home folder, run "tharsis vault fork NAME" here: this one becomes a ' +
      'machine of its own, with keys of its own. If it was put back, or the other copy is gone for good, go on as that ' +
      'machine: "tharsis vault connect NAME … --take-over".',
  }),
  'vault.machine-removed': spec<{ name: string; machine: string; until: string }>({
    scope: 'job',
    retry: false,
    exitCode: 5,
    words: (d) =>
      `The machine "${d.machine}" was removed from vault "${d.name}"; its points are in the trash until ${d.until}.`,
    advice: (d) =>
      `Bring it back with "tharsis vault undelete-machine ${d.name} "${d.machine}"", or forget the vault here with "tharsis vault remove ${d.name}".`,
  }),
  'vault.machine-active': spec<{ name: string; machine: string }>({
    scope: 'agent',
    retry: false,
    exitCode: 2,
    words: (d) => `The machine "${d.machine}" is not removed from vault "${d.name}".`,
    advice: (d) => `See "tharsis vault machines ${d.name} --unlock".`,
  }),
  'vault.points-wait': spec<{ name: string; points: number }>({
    scope: 'agent',
    retry: true,
    exitCode: 1,
    words: (d) =>
      `Points wait for vault "${d.name}" (${d.points}); with new keys they could not be brought there any more.`,
    advice: () => 'Run "tharsis backup-now" for the items first; it brings them there.',
  }),
  'vault.foreign': spec<{ name: string; machine: string }>({
    scope: 'agent',
    retry: false,
    exitCode: 5,
    words: (d) => `Vault "${d.name}" is connected here only to read the points of machine "${d.machine}".`,
    advice: () => 'Do this on that machine, or become it with "tharsis vault connect … --take-over".',
  }),
  'vault.taken-over': spec<{ name: string; machine: string }>({
    scope: 'job',
    retry: false,
    exitCode: 5,
    words: (d) => `Another home folder has taken over the machine "${d.machine}" in vault "${d.name}".`,
    advice: (d) => `If this is the right one, run "tharsis vault connect ${d.name} … --take-over" again.`,
  }),
  'vault.full': spec<{ address: string }>({
    scope: 'job',
    retry: true,
    exitCode: 1,
    words: (d) => `The vault ${d.address} is full.`,
    advice: () =>
      'Make room there and run the backup again. What was captured stays in the cache; points made before are whole.',
  }),
  'vault.cleaning': spec<{ address: string } & Reason>({
    scope: 'job',
    retry: true,
    exitCode: 1,
    words: (d) => `A clean-up of the vault ${d.address} stands in the way: ${d.reason}.`,
    advice: () =>
      'Run this again later; what was captured stays in the cache. If it goes on, "tharsis vault verify" says what is damaged, and a newer Tharsis may be needed.',
  }),
  'vault.payload-away': spec<{ address: string; object: string }>({
    scope: 'job',
    retry: true,
    exitCode: 6,
    words: (d) =>
      `The vault ${d.address} still lacks chunk file ${d.object.slice(0, 16)}…, which the cache has let go and no other vault of the item gives now.`,
    advice: () =>
      'Make the other vaults of the item reachable and run the backup again; if they are, run "tharsis vault verify" on them.',
  }),
  'vault.denied': spec<{ address: string } & Reason>({
    scope: 'job',
    retry: false,
    exitCode: 1,
    words: (d) => `The vault ${d.address} refuses: ${d.reason}.`,
    advice: () => 'Check the permissions of that place, or whether it is mounted read-only.',
  }),
  'vault.credentials': spec<{ address: string } & Reason>({
    scope: 'job',
    retry: false,
    exitCode: 6,
    words: (d) => `The vault ${d.address} does not take the credentials: ${d.reason}.`,
    advice: () =>
      'Check access key, secret and profile; give new ones with "tharsis vault set-credentials NAME". Nothing was changed there.',
  }),
  'vault.credentials-expired': spec<{ address: string }>({
    scope: 'job',
    retry: false,
    exitCode: 6,
    words: (d) => `The credentials for the vault ${d.address} have expired.`,
    advice: () =>
      'Log in again with the tool that made them (for AWS: "aws sso login" or "aws login"), or give lasting ones with "tharsis vault set-credentials NAME"; then run this again.',
  }),
  'vault.clock-skew': spec<{ address: string; difference: string }>({
    scope: 'job',
    retry: true,
    exitCode: 6,
    words: (d) => `The vault ${d.address} refuses, because this machine's clock is wrong: ${d.difference}.`,
    advice: () => "Set this machine's clock (better: let it be set over the network), then run this again.",
  }),
  'vault.damaged': spec<{ object: string; offset: number } & Reason>({
    scope: 'job',
    retry: false,
    exitCode: 8,
    words: (d) => `${d.object} is damaged at offset ${d.offset}: ${d.reason}.`,
    advice: () =>
      'Run "tharsis vault verify NAME --read-data 100" to see which files are affected; other points and files are not.',
  }),

  // replica: the second place of a vault
  'replica.none': spec<{ name: string }>({
    scope: 'agent',
    retry: false,
    exitCode: 4,
    words: (d) => `Vault "${d.name}" has no replica.`,
    advice: (d) => `Give it one with "tharsis vault set ${d.name} --replica-local DIR" (or --replica-s3 URL).`,
  }),
  'replica.other': spec<{ address: string }>({
    scope: 'agent',
    retry: false,
    exitCode: 2,
    words: (d) => `${d.address} holds something else than a replica of this vault; nothing was written there.`,
    advice: () => 'Give an empty or new folder or prefix, or the one that holds the replica of this vault.',
  }),
  'replica.diverged': spec<{ address: string; object: string }>({
    scope: 'job',
    retry: false,
    exitCode: 8,
    words: (d) =>
      `The replica ${d.address} and its vault hold different things under the name ${d.object}: somebody wrote to one of them as if it were the other.`,
    advice: () =>
      'Both stay as they are. Decide which of them goes on as the vault ("tharsis vault connect … --take-over"), and give that one a new, empty replica.',
  }),

  // store: what a vault's place answers (thrown by every object store, translated nowhere else)
  'store.not-found': spec<{ object: string }>({
    scope: 'job',
    retry: false,
    exitCode: 8,
    words: (d) => `The vault has no ${d.object}.`,
    advice: () => 'Run "tharsis vault verify" to see what it means.',
  }),
  'store.wrong-size': spec<{ object: string; sizeBytes: number } & Reason>({
    scope: 'job',
    retry: false,
    exitCode: 8,
    words: (d) => `${d.object} in the vault has ${d.sizeBytes} bytes: ${d.reason}.`,
    advice: () => 'Run "tharsis vault verify" to see what it means.',
  }),
  'store.conflict': spec<{ object: string }>({
    scope: 'job',
    retry: false,
    exitCode: 1,
    words: (d) => `${d.object} is in the vault already, with other content.`,
    advice: () => 'Another program writes to this vault; run this again.',
  }),
  'store.failed': spec<{ address: string } & Reason>({
    scope: 'job',
    retry: true,
    exitCode: 1,
    words: (d) => `The vault ${d.address} answered with an error: ${d.reason}.`,
    advice: () => 'Check the disk or the server and run this again.',
  }),
  'store.busy': spec<{ address: string; retryAfterMs?: number } & Reason>({
    scope: 'job',
    retry: true,
    exitCode: 6,
    words: (d) => `The vault ${d.address} is too busy to answer: ${d.reason}.`,
    advice: () => 'Run this again later. What was captured stays in the cache.',
  }),
  'store.interrupted': spec<{ address: string } & Reason>({
    scope: 'job',
    retry: true,
    exitCode: 6,
    words: (d) => `The connection to the vault ${d.address} broke: ${d.reason}.`,
    advice: () => 'Check the network and run this again; it goes on where it was.',
  }),
  'store.retained': spec<{ object: string; until: string }>({
    scope: 'job',
    retry: true,
    exitCode: 5,
    words: (d) => `${d.object} in the vault is locked until ${d.until} and cannot be deleted before.`,
    advice: () => 'Run this again after that time; until then it takes room and harms nothing.',
  }),

  // chunk files looked at by themselves
  'chunk.not-found': spec<File>({
    scope: 'agent',
    retry: false,
    exitCode: 4,
    words: (d) => `There is no file ${d.path}.`,
    advice: () => 'Chunk files lie in a vault under keyspaces/…/chunks/ and end in .tcf.',
  }),
  'chunk.unreadable': spec<File & Reason>({
    scope: 'agent',
    retry: false,
    exitCode: 1,
    words: (d) => `The file ${d.path} cannot be read: ${d.reason}.`,
    advice: () => 'Check its permissions and the health of its disk.',
  }),

  // format: bytes that are not what they claim to be
  'format.invalid': spec<{ what: string; offset: number } & Reason>({
    scope: 'job',
    retry: false,
    exitCode: 8,
    words: (d) => `${d.what} is damaged at offset ${d.offset}: ${d.reason}.`,
    // Without one of these objects nothing of the vault opens, so that `vault verify` cannot tell either.
    advice: (d) =>
      /^vault\.json$|^keyspaces\/[0-9a-f]+\/(?:keyspace$|keys\/)/.test(d.what)
        ? 'Use another copy of the vault, or put this object back from one; the data in the chunk files is still there.'
        : 'Run "tharsis vault verify" to see which files are affected.',
  }),
  'format.too-new': spec<{ what: string } & Reason>({
    scope: 'job',
    retry: false,
    exitCode: 1,
    words: (d) => `${d.what} was written by a newer Tharsis (${d.reason}).`,
    advice: () => 'Update Tharsis on this machine.',
  }),

  // restore
  'restore.target': spec<File & Reason>({
    scope: 'job',
    retry: false,
    exitCode: 2,
    words: (d) => `Nothing can be restored into ${d.path}: ${d.reason}.`,
    advice: () => 'Give a folder that can be written, outside the vault and the home folder.',
  }),
  'restore.no-space': spec<File & { needed: string; free: string }>({
    scope: 'job',
    retry: true,
    exitCode: 1,
    words: (d) => `${d.path} has not enough room: ${d.needed} needed, ${d.free} free.`,
    advice: () => 'Make room or restore to another place, and run it again; what is restored already is skipped.',
  }),

  // job: what the agent runs
  'job.not-found': spec<{ job: string }>({
    scope: 'agent',
    retry: false,
    exitCode: 4,
    words: (d) => `There is no job "${d.job}".`,
    advice: () => 'See "tharsis job list".',
  }),
  'job.ambiguous': spec<{ job: string; matches: readonly string[] }>({
    scope: 'agent',
    retry: false,
    exitCode: 2,
    words: (d) => `"${d.job}" fits several jobs: ${d.matches.join(', ')}.`,
    advice: () => 'Give more digits of the id.',
  }),
  'job.over': spec<{ job: string }>({
    scope: 'agent',
    retry: false,
    exitCode: 2,
    words: (d) => `Job ${d.job} is over, or another process runs it.`,
    advice: () => 'See "tharsis job list". What another process runs is stopped there, with Ctrl-C.',
  }),

  // agent: the process in the background
  'agent.running': spec<{ home: string; pid: number }>({
    scope: 'agent',
    retry: false,
    exitCode: 1,
    words: (d) => `An agent runs already for the home folder ${d.home} (pid ${d.pid}).`,
    advice: () => 'Use that one; "tharsis agent stop" ends it.',
  }),
  'agent.not-running': spec<{ what: string }>({
    scope: 'agent',
    retry: false,
    exitCode: 1,
    words: (d) => `No agent runs for this home folder, and without one ${d.what}.`,
    advice: () => 'Start one with "tharsis agent run".',
  }),
  'agent.port-used': spec<{ port: number }>({
    scope: 'agent',
    retry: false,
    exitCode: 1,
    words: (d) => `Another program listens on port ${d.port} of this machine.`,
    advice: () => 'Give another one with --port; 0 takes any that is free.',
  }),
  'agent.stopping': spec<Record<never, never>>({
    scope: 'agent',
    retry: true,
    exitCode: 1,
    words: () => 'The agent is about to end and takes no more jobs.',
    advice: () => 'Run this again in a moment.',
  }),
  'agent.lost': spec<Reason>({
    scope: 'agent',
    retry: true,
    exitCode: 1,
    words: (d) => `The connection to the agent was lost: ${d.reason}.`,
    advice: () => 'See "tharsis agent status" and "tharsis job list"; what it was doing goes on when it runs again.',
  }),
  'agent.fault': spec<{ logId: string }>({
    scope: 'agent',
    retry: false,
    exitCode: 1,
    words: (d) => `The agent has met a fault in Tharsis (log id ${d.logId}).`,
    advice: (d) => `Please report it with log id ${d.logId}; agent.log in the home folder tells more.`,
  }),

  // engine
  'engine.worker-died': spec<Reason>({
    scope: 'job',
    retry: true,
    exitCode: 1,
    words: (d) => `A worker thread ended unexpectedly (${d.reason}); what it was part of was given up.`,
    advice: () => 'Run the same command again; please report it if it happens again.',
  }),
} as const

export type ErrorCode = keyof typeof errorTable
export type ErrorData<Code extends ErrorCode> = (typeof errorTable)[Code] extends ErrorSpec<infer Data> ? Data : never

/** A warning about one file, as jobs list it. `pathBytes` (base64) only where the path is not UTF-8. */
export interface FileWarning {
  readonly path: string
  readonly pathBytes?: string
  readonly code: ErrorCode
  readonly message: string
  readonly advice: string
}
