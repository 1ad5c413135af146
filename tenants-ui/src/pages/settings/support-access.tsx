import { Text } from '@mantine/core'
import type { Answer } from '../../api/client.ts'
import { useTexts } from '../../i18n/language.tsx'
import { useSession } from '../../shell/session.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { type Column, ResourceList } from '../../ui/list.tsx'
import { Empty, Page } from '../../ui/page.tsx'
import { Status, When } from '../../ui/values.tsx'
import { log } from './texts-house.ts'
import { settings } from './texts.ts'

type Access = Answer<'get', '/v1/support_access'>['data'][number]

export default function SupportAccessPage () {
  const all = useTexts(settings)
  const words = useTexts(log)
  const { may } = useSession()
  const columns: Column<Access>[] = [
    { name: words.person, show: ({ user_name: name, kind }) => <>{name}<Text size='xs' c='dimmed'>{words[kind]}</Text></> },
    { name: words.reason, show: ({ reason }) => <Text span size='sm' className='breaks'>{reason}</Text> },
    { name: words.state, show: ({ status }) => <Status value={status} {...(status === 'ended' && { label: words.ended })} />, wide: true },
    { name: words.when, show: ({ created_at: at }) => <Text span size='sm' c='dimmed'><When at={at} exact /></Text>, wide: true },
    { name: words.until, show: ({ ended_at: ended, expires_at: until }) => <Text span size='sm' c='dimmed'><When at={ended ?? until} exact /></Text>, wide: true },
    ...(may('users:write')
      ? [{
          name: words.actions,
          align: 'right' as const,
          show: ({ id, status }: Access) => status === 'open' && <Confirm method='post' path='/v1/support_access/{id}/end' asked={{ path: { id } }} invalidates={['/v1/support_access']} label={words.end} title={words.endTitle} text={words.endText} yes={words.end} done={words.ended} danger button={{ size: 'xs' }} />
        }]
      : [])
  ]
  return (
    <Page title={all.supportTitle} lead={all.supportText} back={{ to: '/settings', text: all.title }}>
      <ResourceList path='/v1/support_access' caption={words.accessCaption} columns={columns} every={15_000} empty={<Empty icon='shield' title={words.accessEmpty} text={words.accessEmptyText} />} />
    </Page>
  )
}
