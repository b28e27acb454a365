/** The recovery kit: what is needed on a new computer when everything else is lost. Pure. */

export interface RecoveryKit {
  readonly vault: string
  readonly address: string
  readonly machine: string
  readonly recoveryCode: string
  /** ISO 8601. */
  readonly madeAt: string
}

/** The kit as a plain text file. */
export function recoveryKitText(kit: RecoveryKit): string {
  return `THARSIS RECOVERY KIT
Keep this away from the computer: on paper, with somebody you trust, or in a password manager.

Vault          ${kit.vault}
Where it is    ${kit.address}
Computer       ${kit.machine}
Made at        ${kit.madeAt}

Recovery code  ${kit.recoveryCode}

The recovery code opens the vault like its passphrase. Whoever has it and the vault can read
everything in it. Without passphrase and recovery code nobody can, and nobody can make a new one.

To get your files back on a new computer
 1. Install Tharsis and open it.
 2. Choose "I already have a vault: restore".
 3. Connect the disk or share that holds the vault, and choose its folder (see above).
 4. Give the passphrase, or this recovery code.
On the command line: tharsis vault connect NAME --local FOLDER
`
}

/** The file name of the kit. */
export function recoveryKitName(vault: string): string {
  return `tharsis-recovery-kit-${vault.replace(/[^\p{L}\p{N}_-]+/gu, '-')}.txt`
}

/** The part of a recovery code that is typed back: its last two groups. */
function lastGroups(recoveryCode: string): string {
  return recoveryCode.split('-').slice(-2).join('-')
}

/** True when what was typed is that part, however it was typed: case, blanks and dashes do not count. */
export function isTypedBack(typed: string, recoveryCode: string): boolean {
  const plain = (text: string) => text.toUpperCase().replace(/[\s-]/g, '').replace(/O/g, '0').replace(/[IL]/g, '1')
  return plain(typed) !== '' && plain(typed).endsWith(plain(lastGroups(recoveryCode)))
}
