/**
 * Starting with the session on Linux: a desktop entry in the person's autostart folder (XDG Desktop Application Autostart
 * Specification). Electron knows the like for Windows and macOS only.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'

/** Settings of a desktop leave the entry where it is, and say in it that it does not count. */
const switchedOff = /^(Hidden=true|X-GNOME-Autostart-enabled=false)$/m

/** What of the system decides where the entry is and what it starts. */
export interface LoginSurroundings {
  readonly env: NodeJS.ProcessEnv
  readonly executable: string
  /** The folder of the app's source, which Electron is given in a checkout; undefined: an installed app. */
  readonly checkout: string | undefined
}

export class LoginEntry {
  readonly #path: string
  readonly #text: string

  constructor({ env, executable, checkout }: LoginSurroundings, userHome = homedir()) {
    const named = env['XDG_CONFIG_HOME']
    const config = named?.startsWith('/') === true ? named : join(userHome, '.config')
    this.#path = join(config, 'autostart', 'io.tharsis.desktop.desktop')
    // Where an AppImage was mounted this time is gone the next time.
    const program = env['APPIMAGE'] ?? executable
    this.#text = entryOf([program, ...(checkout === undefined ? [] : [checkout]), '--hidden'])
  }

  /** True when it is there and counts. Throws the system's error. */
  get isOn(): boolean {
    return existsSync(this.#path) && !switchedOff.test(readFileSync(this.#path, 'utf8'))
  }

  /** Writes or removes it; throws the system's error. */
  set(opens: boolean): void {
    if (!opens) {
      rmSync(this.#path, { force: true })
      return
    }
    mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 })
    writeFileSync(this.#path, this.#text)
  }
}

function entryOf(command: readonly string[]): string {
  return [
    '[Desktop Entry]',
    'Type=Application',
    'Name=Tharsis',
    'Comment=Backup that is verified',
    `Exec=${command.map(quoted).join(' ')}`,
    'Terminal=false',
    '',
  ].join('\n')
}

/** An argument of `Exec`: quoted by the rule of that key, then as any string of the file, where a backslash is doubled. */
function quoted(argument: string): string {
  const inQuotes = argument.replaceAll(/["`$\\]/g, String.raw`\$&`).replaceAll('%', '%%')
  return `"${inQuotes.replaceAll('\\', String.raw`\\`).replaceAll('\n', String.raw`\n`)}"`
}
