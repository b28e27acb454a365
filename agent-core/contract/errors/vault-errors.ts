/** Vaults. */
import { formatTime } from '../format-time.ts'
import { type Reason, spec } from './error-spec.ts'

const healsVaultFile =
  'On a machine that backs up into it, "tharsis vault verify NAME --heal" puts vault.json back, from a replica or from what that machine knows of the vault. Else put it back from another copy of the vault, or use that copy; the data in the chunk files is still there.'

export const vaultErrors = {
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
  // A place that a person has just named; that of a known vault is `vault.unreachable` then.
  'vault.none': spec<{ address: string } & Reason>({
    scope: 'agent',
    retry: false,
    exitCode: 6,
    words: (d) => `There is no vault in ${d.address}: ${d.reason}.`,
    advice: (d) =>
      `Give the place in which the vault's vault.json lies; if that is on a disk or share, see that it is mounted. To make a new vault: "tharsis vault create NAME ${d.address.startsWith('s3://') ? '--s3 URL' : '--local DIR'}".`,
  }),
  'vault.file-missing': spec<{ address: string }>({
    scope: 'job',
    retry: false,
    exitCode: 8,
    words: (d) => `The vault ${d.address} has lost its vault.json; its keyspaces are still there.`,
    advice: () => `${healsVaultFile} If "vault create" was interrupted here, empty the folder and create it again.`,
  }),
  'vault.definitions-damaged': spec<{ address: string; object: string } & Reason>({
    scope: 'job',
    retry: false,
    exitCode: 8,
    words: (d) => `All definitions of a machine in the vault ${d.address} are damaged (${d.object}: ${d.reason}).`,
    advice: () =>
      'Points restore all the same. On the machine that backs up into it, "tharsis vault verify NAME --heal" puts them back, from a replica or from what that machine knows; on another one, "tharsis vault connect" with --read finds the items by their points.',
  }),
  'vault.file-damaged': spec<{ address: string } & Reason>({
    scope: 'job',
    retry: false,
    exitCode: 8,
    words: (d) => `The vault.json of the vault ${d.address} is damaged: ${d.reason}.`,
    advice: () => healsVaultFile,
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
  'vault.locked': spec<{ name: string; isDamaged?: boolean; isAway?: boolean }>({
    scope: 'agent',
    retry: false,
    exitCode: 7,
    words: (d) =>
      d.isDamaged
        ? `The key of vault "${d.name}" is stored on this machine, but it is damaged.`
        : `The key of vault "${d.name}" is not stored on this machine any more.`,
    advice: (d) =>
      `${d.isAway ? 'Make the vault reachable and give' : 'Give'} the passphrase or the recovery code (THARSIS_PASSPHRASE or --passphrase-file): the key is taken from the vault, stored anew, and not asked for again.`,
  }),
  'vault.no-machine': spec<{ address: string; machine: string }>({
    scope: 'agent',
    retry: false,
    exitCode: 4,
    words: (d) => `No machine "${d.machine}" in the vault ${d.address} opens with this passphrase.`,
    advice: () => '"tharsis vault machines NAME --unlock" tells which machines of a vault a passphrase opens.',
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
  'vault.not-cloned': spec<{ name: string; machine: string }>({
    scope: 'agent',
    retry: false,
    exitCode: 5,
    words: (d) =>
      `No other computer was seen to use the keys of machine "${d.machine}" in vault "${d.name}": this home folder goes on as ` +
      'that machine, and nothing was changed.',
    advice: (d) =>
      'If it is a copy all the same, and the other one goes on, give --force. New keys for the only one that there is: ' +
      `"tharsis vault new-key ${d.name}".`,
  }),
  'vault.machine-gone': spec<{ name: string; machine: string }>({
    scope: 'job',
    retry: false,
    exitCode: 5,
    words: (d) =>
      `The machine "${d.machine}" was removed from vault "${d.name}", and a clean-up has taken what was left of it: nobody could open new points.`,
    advice: (d) =>
      `Forget the vault here with "tharsis vault remove ${d.name}", and come in anew with "tharsis vault join".`,
  }),
  'vault.machine-removed': spec<{ name: string; machine: string; until: string }>({
    scope: 'job',
    retry: false,
    exitCode: 5,
    words: (d) =>
      `The machine "${d.machine}" was removed from vault "${d.name}"; its points are in the trash until ${formatTime(d.until)}.`,
    advice: (d) =>
      `Bring it back with "tharsis vault undelete-machine ${d.name} '${d.machine}'", or forget the vault here with "tharsis vault remove ${d.name}".`,
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
      'Run this again later; what was captured stays in the cache. If it goes on, "tharsis vault verify NAME --read-data 100" says what is damaged, and a newer Tharsis may be needed.',
  }),
  'vault.payload-away': spec<{ address: string; object: string }>({
    scope: 'job',
    retry: true,
    exitCode: 6,
    words: (d) =>
      `The vault ${d.address} still lacks chunk file ${d.object.slice(0, 16)}…, which the cache has let go and no other vault of the item gives now.`,
    advice: () =>
      'Make the other vaults of the item reachable and run the backup again; if they are, run "tharsis vault verify NAME" on them.',
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
} as const
