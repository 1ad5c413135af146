import { Button, Group, Text } from '@mantine/core'
import { Link } from 'wouter'
import type { Answer } from '../../api/client.ts'
import { useRead } from '../../api/hooks.ts'
import { useTexts } from '../../i18n/language.tsx'
import { statusWords } from '../../i18n/statuses.ts'
import { useSession } from '../../shell/session.tsx'
import { Icon } from '../../ui/icons.tsx'
import { type Column, ResourceList } from '../../ui/list.tsx'
import { Empty, Page } from '../../ui/page.tsx'
import { Status, When } from '../../ui/values.tsx'
import { useProviderName } from './names.ts'
import { connections } from './texts.ts'

type Connection = Answer<'get', '/v1/connections/{id}'>
const healths = ['healthy', 'failing', 'untested', 'reconnect', 'disabled'] as const

export default function ConnectionsPage () {
  const words = useTexts(connections)
  const statuses = useTexts(statusWords)
  const { may } = useSession()
  const providers = useRead('/v1/providers')
  const called = useProviderName()
  const nameOf = (id: string): string => called({ id, name: providers.data?.data.find(provider => provider.id === id)?.name ?? id })
  const add = may('connections:write') && <Button component={Link} href='/connections/new' leftSection={<Icon name='plus' size={18} />}>{words.add}</Button>
  const columns: Column<Connection>[] = [
    { name: words.name, show: ({ label }) => label },
    { name: words.provider, show: ({ provider }) => nameOf(provider), wide: true },
    { name: words.health, show: ({ health }) => <Status value={health} /> },
    { name: words.lastEvent, show: ({ webhook }) => <Text span size='sm' c='dimmed'><When at={webhook.last_event_at} /></Text>, wide: true },
    { name: words.created, show: ({ created_at: at }) => <Text span size='sm' c='dimmed'><When at={at} /></Text>, wide: true }
  ]
  return (
    <Page title={words.title} lead={words.lead} actions={<Group>{add}</Group>}>
      <ResourceList
        path='/v1/connections' caption={words.caption} columns={columns} to={({ id }) => `/connections/${id}`} views='connections'
        filters={[
          { name: 'provider', label: words.provider, options: (providers.data?.data ?? []).map(provider => ({ value: provider.id, label: called(provider) })) },
          { name: 'health', label: words.health, options: healths.map(value => ({ value, label: statuses[value] })) }
        ]}
        empty={<Empty icon='plug' title={words.emptyTitle} text={words.emptyText} action={add} />}
      />
    </Page>
  )
}
