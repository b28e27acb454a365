/** Where a vault lies, or shall lie: a folder, or a bucket of an S3 server. */
import { FolderOpen, PlugZap } from 'lucide-react'
import { useState } from 'react'
import type { BucketTest as BucketTestDocument } from '../../../agent-core/contract/index.ts'
import { useAct } from '../../client/use-act.ts'
import { useAgent } from '../../client/use-agent.ts'
import { Button } from '../../ui/button.tsx'
import { Choice, PassphraseInput, TextInput, Tick } from '../../ui/fields.tsx'
import { FolderButton } from '../../ui/folder-button.tsx'
import { ErrorNote, Note } from '../../ui/notes.tsx'
import { bucketOf, bucketTrouble, guessName, type NewVault, nameTrouble } from '../protect/protect-draft.ts'

interface PlaceProps {
  readonly value: NewVault
  readonly onChange: (value: NewVault) => void
  /** True for a vault that is there already. */
  readonly isThere?: boolean
}

export function VaultPlace(props: PlaceProps) {
  const { value, onChange } = props
  return (
    <div className="stack">
      <Choice
        label="Kind of place"
        look="segments"
        value={value.kind}
        onChange={(kind) => onChange({ ...value, kind })}
        options={[
          { value: 'local', title: 'A folder' },
          { value: 's3', title: 'S3' },
        ]}
      />
      {value.kind === 'local' ? <LocalPlace {...props} /> : <BucketPlace {...props} />}
      <TextInput
        label="Name of the vault"
        value={value.name}
        onChange={(name) => onChange({ ...value, name })}
        isRequired
        trouble={nameTrouble(value.name)}
        hint="What you call it here, such as usb or office."
      />
    </div>
  )
}

function LocalPlace({ value, onChange, isThere = false }: PlaceProps) {
  const choose = (folder: string) => {
    const directory = isThere ? folder : `${folder.replace(/\/$/, '')}/tharsis-vault`
    onChange({ ...value, directory, name: value.name === '' ? guessName(folder) : value.name })
  }
  return (
    <div className="field-with-button">
      <TextInput
        label="Folder of the vault"
        value={value.directory}
        onChange={(directory) => onChange({ ...value, directory })}
        isRequired
        trouble={value.directory.startsWith('/') ? undefined : 'Give the whole path of a folder.'}
        hint={
          isThere
            ? 'It holds a file vault.json.'
            : 'An empty or new folder, best on another disk or a share: what lies on this disk is lost with it.'
        }
      />
      <FolderButton
        icon={<FolderOpen aria-hidden />}
        title={isThere ? 'Choose the folder of the vault' : 'Choose where the vault shall lie'}
        action={isThere ? 'Use this folder' : 'Make the vault in here'}
        onChoose={choose}
      >
        Choose…
      </FolderButton>
    </div>
  )
}

function BucketPlace({ value, onChange, isThere = false }: PlaceProps) {
  const { s3 } = value
  const change = (part: Partial<NewVault['s3']>) => onChange({ ...value, s3: { ...s3, ...part } })
  return (
    <>
      <TextInput
        label="Bucket"
        value={s3.url}
        onChange={(url) => change({ url })}
        isRequired
        trouble={/^s3:\/\/[^/\s]+/.test(s3.url.trim()) ? undefined : 'It begins with s3:// and the name of the bucket.'}
        hint={
          <>
            With a prefix, if you like: <code>s3://my-bucket/tharsis</code>. The bucket has to be there already.
          </>
        }
      />
      <div className="pair">
        <TextInput
          label="Server"
          value={s3.endpoint}
          onChange={(endpoint) => change({ endpoint })}
          hint="Its address, such as https://s3.example.org; empty: Amazon."
        />
        <TextInput label="Region" value={s3.region} onChange={(region) => change({ region })} />
      </div>
      <div className="pair">
        <TextInput
          label="Access key"
          value={s3.accessKeyId}
          onChange={(accessKeyId) => change({ accessKeyId })}
          hint="Empty: what this computer knows from its AWS files."
        />
        <PassphraseInput
          label="Secret of the key"
          value={s3.secretAccessKey}
          onChange={(secretAccessKey) => change({ secretAccessKey })}
        />
      </div>
      <Tick
        isOn={s3.pathStyle}
        onChange={(pathStyle) => change({ pathStyle })}
        hint="Many servers of one's own need it."
      >
        The bucket stands in the path of the address
      </Tick>
      {!isThere && <BucketTest key={JSON.stringify(s3)} value={value} />}
    </>
  )
}

/** Tries the bucket with what was typed: better now than once the passphrase is chosen. */
function BucketTest({ value }: { readonly value: NewVault }) {
  const agent = useAgent()
  const [tested, setTested] = useState<BucketTestDocument>()
  const test = useAct(async () => {
    setTested(undefined)
    setTested(await agent.testBucket(bucketOf(value.s3)))
  })
  return (
    <>
      <div className="row">
        <Button
          icon={<PlugZap aria-hidden />}
          onPress={test.run}
          isBusy={test.isBusy}
          isDisabled={bucketTrouble(value.s3) !== undefined}
          needsAgent
        >
          Test the bucket
        </Button>
      </div>
      <ErrorNote error={test.error} />
      {tested && (
        <Note tone="good" title="The bucket answers, and can become a vault">
          {tested.capabilities.remarks.join(' ')}
        </Note>
      )}
    </>
  )
}
