import { Button, Text } from '@mantine/core'
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
import { keys, settings } from './texts.ts'

type Key = Answer<'get', '/v1/api_keys'>['data'][number]

export default function ApiKeysPage () {
  const all = useTexts(settings)
  const words = useTexts(keys)
  const statuses = useTexts(statusWords)
  const { date } = useFormats()
  const { may, mode } = useSession()
  const add = may('api_keys:write') && <Button component={Link} href='/settings/api-keys/new' leftSection={<Icon name='plus' size={18} />}>{words.add}</Button>
  const columns: Column<Key>[] = [
    { name: words.label, show: ({ label, hint }) => <>{label === '' ? '—' : label}<Text size='xs' c='dimmed' className='mono'>{hint}</Text></> },
    { name: words.status, show: ({ status }) => <Status value={status} /> },
    { name: words.used, show: ({ last_used_at: at }) => <Text span size='sm' c='dimmed'><When at={at} /></Text>, wide: true },
    { name: words.until, show: ({ expires_at: until }) => <Text span size='sm' c='dimmed'>{until === null ? words.never : date(until)}</Text>, wide: true },
    ...(may('api_keys:write')
      ? [{
          name: words.actions,
          align: 'right' as const,
          show: ({ id, label, status }: Key) => status === 'active' && <Confirm method='delete' path='/v1/api_keys/{id}' asked={{ path: { id } }} invalidates={['/v1/api_keys']} label={words.revoke} title={words.revokeTitle(label)} text={words.revokeText} yes={words.revoke} done={words.revoked} danger button={{ size: 'xs' }} />
        }]
      : [])
  ]
  return (
    <Page title={all.keysTitle} lead={all.keysText} back={{ to: '/settings', text: all.title }} actions={add}>
      <ResourceList path='/v1/api_keys' caption={words.caption} columns={columns} always={{ mode }} filters={[{ name: 'status', label: words.status, options: (['active', 'expired', 'revoked'] as const).map(value => ({ value, label: statuses[value] })) }]} empty={<Empty icon='key' title={words.emptyTitle} text={words.emptyText} action={add} />} />
    </Page>
  )
}
