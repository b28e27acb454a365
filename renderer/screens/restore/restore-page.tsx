/** Restore: item and point → tree → basket → plan → progress → result. */
import { History } from 'lucide-react'
import { useMemo, useState } from 'react'
import { useLocation } from 'wouter'
import type { ItemDocument, PointDocument } from '../../../agent-core/contract/index.ts'
import { restorePath } from '../../client/paths.ts'
import { useAgent, useAsk } from '../../client/use-agent.ts'
import { ButtonLink } from '../../ui/button.tsx'
import { SelectInput } from '../../ui/fields.tsx'
import { EmptyState, ErrorNote, Loading } from '../../ui/notes.tsx'
import { Page } from '../../ui/page.tsx'
import { type Basket, toggle, without } from './basket.ts'
import { BasketPanel } from './basket-panel.tsx'
import { FileTree } from './file-tree.tsx'
import { PointCalendar } from './point-calendar.tsx'
import { openPointTree } from './point-tree.ts'

export function RestorePage({ item, point }: { readonly item?: string; readonly point?: string }) {
  const items = useAsk(['items'], async (agent) => await agent.listItems())
  const [, navigate] = useLocation()
  const chosen = items.answer?.find(({ name }) => name === item) ?? items.answer?.[0]
  return (
    <Page
      title="Restore"
      width="full"
      actions={
        items.answer !== undefined &&
        items.answer.length > 1 &&
        chosen && (
          <SelectInput
            label="Item"
            isLabelHidden
            value={chosen.name}
            onChange={(name) => navigate(restorePath(name))}
            options={items.answer.map(({ name }) => ({ value: name, title: name }))}
          />
        )
      }
    >
      <ErrorNote error={items.error} again={items.again} />
      {items.isLoading && <Loading what="items" />}
      {items.answer?.length === 0 && (
        <EmptyState
          icon={<History aria-hidden />}
          title="There is nothing to restore yet"
          actions={<ButtonLink to="/connect">I have a vault already</ButtonLink>}
        >
          Points appear here after the first backup, or when a vault that has some is connected.
        </EmptyState>
      )}
      {chosen && <ItemPoints key={chosen.name} item={chosen} {...(point !== undefined && { point })} />}
    </Page>
  )
}

function ItemPoints({ item, point }: { readonly item: ItemDocument; readonly point?: string }) {
  const [, navigate] = useLocation()
  const { answer, error, isLoading, again } = useAsk(
    ['points', item.name],
    async (agent) => await agent.listPoints(item.name),
  )
  const newest = answer?.findLast(({ deleted }) => deleted === null) ?? answer?.at(-1)
  const chosen = answer?.find(({ id }) => id === point) ?? newest
  return (
    <>
      <ErrorNote error={error} again={again} />
      {isLoading && <Loading what="points" lines={6} />}
      {answer?.length === 0 && (
        <EmptyState icon={<History aria-hidden />} title={`${item.name} has no points yet`}>
          Back it up first; then every state of its files can be had from here.
        </EmptyState>
      )}
      {answer && chosen && (
        <div className="restore">
          <PointCalendar
            points={answer}
            chosen={chosen}
            onChoose={({ id }) => navigate(restorePath(item.name, id), { replace: true })}
          />
          <PointFiles key={chosen.id} item={item} point={chosen} />
        </div>
      )}
    </>
  )
}

function PointFiles({ item, point }: { readonly item: ItemDocument; readonly point: PointDocument }) {
  const agent = useAgent()
  const [basket, setBasket] = useState<Basket>(new Map())
  const tree = useMemo(() => openPointTree(agent, item.name, point.id), [agent, item.name, point.id])
  return (
    <>
      <section className="restore-tree" aria-label="Files">
        <FileTree tree={tree} basket={basket} onToggle={({ file }) => setBasket((now) => toggle(now, file))} />
      </section>
      <BasketPanel
        item={item}
        point={point}
        basket={basket}
        onRemove={(path) => setBasket((now) => without(now, path))}
        onEmpty={() => setBasket(new Map())}
      />
    </>
  )
}
