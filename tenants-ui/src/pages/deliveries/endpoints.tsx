import { Button, Text } from '@mantine/core'
import { Link } from 'wouter'
import type { Answer } from '../../api/client.ts'
import { useTexts } from '../../i18n/language.tsx'
import { useSession } from '../../shell/session.tsx'
import { Icon } from '../../ui/icons.tsx'
import { type Column, ResourceList } from '../../ui/list.tsx'
import { Empty, Page } from '../../ui/page.tsx'
import { Status, When } from '../../ui/values.tsx'
import { deliveries } from './texts.ts'

type Endpoint = Answer<'get', '/v1/webhook_endpoints/{id}'>

export default function EndpointsPage () {
  const words = useTexts(deliveries)
  const { may } = useSession()
  const add = may('webhooks:write') && <Button component={Link} href='/deliveries/endpoints/new' leftSection={<Icon name='plus' size={18} />}>{words.add}</Button>
  const columns: Column<Endpoint>[] = [
    { name: words.url, show: ({ label, url }) => <span className='breaks'>{label ?? url}</span> },
    { name: words.eventTypes, show: ({ event_types: types }) => <Text span size='sm' c='dimmed' className='mono'>{types.join(', ')}</Text>, wide: true },
    { name: words.status, show: ({ status }) => <Status value={status === 'enabled' ? 'active' : 'disabled'} /> },
    { name: words.created, show: ({ created_at: at }) => <Text span size='sm' c='dimmed'><When at={at} /></Text>, wide: true }
  ]
  return (
    <Page title={words.endpoints} lead={words.endpointsLead} back={{ to: '/deliveries', text: words.title }} actions={add}>
      <ResourceList path='/v1/webhook_endpoints' caption={words.endpointsCaption} columns={columns} to={({ id }) => `/deliveries/endpoints/${id}`} empty={<Empty icon='send' title={words.emptyEndpointsTitle} text={words.emptyEndpointsText} action={add} />} />
    </Page>
  )
}
