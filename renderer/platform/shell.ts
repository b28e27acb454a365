/** The desktop shell around this page; undefined in a browser. */
import type { PageShell } from '../../agent-core/contract/shell.ts'

export const shell: PageShell | undefined = (globalThis as { readonly tharsisShell?: PageShell }).tharsisShell

/** Saves a text where the person wants it; false when they did not. A browser saves it where it saves everything. */
export async function saveText(name: string, text: string): Promise<boolean> {
  if (shell !== undefined) return await shell.saveText(name, text)
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([text], { type: 'text/plain;charset=utf-8' }))
  link.download = name
  link.click()
  URL.revokeObjectURL(link.href)
  return true
}

/** Has a browser save what the agent offers under that id; the desktop shell restores into a folder instead. */
export const saveDownload: ((id: string) => void) | undefined =
  shell === undefined
    ? (id) => {
        const link = document.createElement('a')
        link.href = `/download/${id}`
        // The agent says what it is called.
        link.download = ''
        link.click()
      }
    : undefined
