/**
 * What the desktop shell does for its windows, and no page can do by itself. In a browser there is no shell. The preload
 * script puts it into the page as `tharsisShell`.
 */
export interface Shell {
  /** Lets the person choose folders; absolute paths, none when nothing was chosen. */
  pickFolders(title: string): Promise<readonly string[]>
  /** Lets the person choose where `text` is saved, and saves it for its owner only; false when they did not. */
  saveText(suggestedName: string, text: string): Promise<boolean>
  /** Shows a file or folder in the system's file manager; false when it is not there. */
  reveal(path: string): Promise<boolean>
  /** Whether Tharsis starts when the person logs in. */
  opensAtLogin(): Promise<boolean>
  setOpensAtLogin(opens: boolean): Promise<void>
}

/** The shell in a page, with the way to the agent: its port comes as a message of the window (`agentPortMessage`). */
export interface PageShell extends Shell {
  /** Asks for a port to the agent; none comes while the agent is gone. */
  connectAgent(): void
}

export const shellMethods = [
  'pickFolders',
  'saveText',
  'reveal',
  'opensAtLogin',
  'setOpensAtLogin',
] as const satisfies readonly (keyof Shell)[]

/** Channels between a window and the shell. */
export const shellChannel = 'tharsis-shell'
export const connectAgentChannel = 'tharsis-connect-agent'
/** `data` of the message that brings a port, or tells that there is none now. */
export const agentPortMessage = 'tharsis-agent-port'

/** Where the pages of the desktop app are. */
export const pagesAddress = 'tharsis://app/'
