/** Light or dark: what the person has chosen for this browser or window. */
export type Theme = 'system' | 'light' | 'dark'

const key = 'tharsis-theme'

export function readTheme(): Theme {
  const stored = localStorage.getItem(key)
  return stored === 'light' || stored === 'dark' ? stored : 'system'
}

export function saveTheme(theme: Theme): void {
  localStorage.setItem(key, theme)
  showTheme(theme)
}

export function showTheme(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset['theme']
  else document.documentElement.dataset['theme'] = theme
}
