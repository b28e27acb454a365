import { plainName, splitName } from '../text/shown-name.ts'

/** A name or path from a file system, as text: nothing in it acts, and what is not seen is shown by its code. */
export function FileName({ name }: { readonly name: string }) {
  return (
    <bdi className="file-name" title={plainName(name)}>
      {splitName(name).map(({ text, isCode }, at) =>
        isCode ? (
          <span key={at} className="file-name-code">
            {text}
          </span>
        ) : (
          text
        ),
      )}
    </bdi>
  )
}
