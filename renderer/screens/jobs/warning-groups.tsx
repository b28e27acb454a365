import type { WarningGroup } from '../../../agent-core/contract/index.ts'
import { countOf } from '../../text/amounts.ts'
import { FileName } from '../../ui/file-name.tsx'

/** Warnings by what caused them: the reason, what to do, and the first files. */
export function WarningGroups({ groups }: { readonly groups: readonly WarningGroup[] }) {
  return (
    <ul className="warnings">
      {groups.map(({ code, message, advice, count, examples }) => (
        <li key={`${code} ${message}`} className="note note-warning">
          <div>
            <strong>
              {count > 0 && `${countOf(count, 'file')}: `}
              {message}
            </strong>
            <p>{advice}</p>
            {examples.length > 0 && (
              <details>
                <summary>{examples.length < count ? `The first ${examples.length} of ${count}` : 'Which'}</summary>
                <ul className="plain">
                  {examples.map(({ path, pathBytes }) => (
                    <li key={pathBytes ?? path}>
                      <FileName name={path} />
                    </li>
                  ))}
                </ul>
              </details>
            )}
          </div>
        </li>
      ))}
    </ul>
  )
}
