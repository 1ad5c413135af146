import { Button, Group } from '@mantine/core'
import { Link } from 'wouter'
import type { Answer } from '../../api/client.ts'
import { useFormats } from '../../i18n/format.ts'
import { useTexts } from '../../i18n/language.tsx'
import { statusWords } from '../../i18n/statuses.ts'
import { useSession } from '../../shell/session.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { Icon } from '../../ui/icons.tsx'
import { type Column, ResourceList } from '../../ui/list.tsx'
import { Empty, Page } from '../../ui/page.tsx'
import { Status, When } from '../../ui/values.tsx'
import { EnterTenant } from '../support/enter.tsx'
import { tenants } from './texts.ts'

type Tenant = Answer<'get', '/v1/tenants/{id}'>

export default function TenantsPage () {
  const words = useTexts(tenants)
  const statuses = useTexts(statusWords)
  const { country } = useFormats()
  const { may } = useSession()
  const add = may('tenants:write') && <Button component={Link} href='/tenants/new' leftSection={<Icon name='plus' size={18} />}>{words.add}</Button>
  const columns: Column<Tenant>[] = [
    { name: words.name, show: ({ name }) => name },
    { name: words.country, show: tenant => country(tenant.country), wide: true },
    { name: words.status, show: ({ status }) => <Status value={status} /> },
    { name: words.created, show: ({ created_at: at }) => <When at={at} />, wide: true },
    {
      name: words.enter,
      align: 'right',
      show: ({ id, name, status }) => (
        <Group gap='xs' justify='flex-end' wrap='nowrap'>
          {may('tenants:write') && (status === 'active'
            ? <Confirm method='patch' path='/v1/tenants/{id}' asked={{ path: { id }, body: { status: 'suspended' } }} invalidates={['/v1/tenants']} label={words.suspend} title={`${words.suspendTitle}: ${name}`} text={words.suspendText} yes={words.suspend} done={words.suspended} danger button={{ size: 'xs' }} />
            : <Confirm method='patch' path='/v1/tenants/{id}' asked={{ path: { id }, body: { status: 'active' } }} invalidates={['/v1/tenants']} label={words.reopen} title={`${words.reopenTitle}: ${name}`} yes={words.reopen} done={words.reopened} button={{ size: 'xs' }} />)}
          <EnterTenant tenant={id} name={name} />
        </Group>
      )
    }
  ]
  return (
    <Page title={words.title} lead={words.lead} actions={add}>
      <ResourceList
        path='/v1/tenants' caption={words.caption} columns={columns} filters={[{ name: 'status', label: words.status, options: (['active', 'suspended'] as const).map(value => ({ value, label: statuses[value] })) }]}
        empty={<Empty icon='building' title={words.emptyTitle} text={words.emptyText} action={add} />}
      />
    </Page>
  )
}
