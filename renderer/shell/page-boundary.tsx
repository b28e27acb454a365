import { Component, type ReactNode } from 'react'
import { type AgentError, shownError } from '../client/agent-error.ts'
import { ErrorNote } from '../ui/notes.tsx'
import { Page } from '../ui/page.tsx'

interface BoundaryState {
  readonly error: AgentError | undefined
}

/** Keeps a fault of one page from taking the others with it. */
export class PageBoundary extends Component<{ readonly children: ReactNode }, BoundaryState> {
  override state: BoundaryState = { error: undefined }

  static getDerivedStateFromError(error: unknown): BoundaryState {
    return { error: shownError(error) }
  }

  override render(): ReactNode {
    if (this.state.error === undefined) return this.props.children
    return (
      <Page title="This page cannot be shown">
        <ErrorNote error={this.state.error} />
      </Page>
    )
  }
}
