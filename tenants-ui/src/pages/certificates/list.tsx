import { Button } from '@mantine/core'
import { Link } from 'wouter'
import { useTexts } from '../../i18n/language.tsx'
import { statusWords } from '../../i18n/statuses.ts'
import { useSession } from '../../shell/session.tsx'
import { DaysLeft } from '../../ui/days-left.tsx'
import { Icon } from '../../ui/icons.tsx'
import { type Column, ResourceList } from '../../ui/list.tsx'
import { Empty, Page } from '../../ui/page.tsx'
import { Status } from '../../ui/values.tsx'
import { certificates } from './texts.ts'
import type { Certificate } from './upload-form.tsx'

const statuses = ['active', 'scheduled', 'replaced', 'expired', 'deleted'] as const

export default function CertificatesPage () {
  const words = useTexts(certificates)
  const names = useTexts(statusWords)
  const { may } = useSession()
  const add = may('certificates:write') && <Button component={Link} href='/certificates/new' leftSection={<Icon name='plus' size={18} />}>{words.add}</Button>
  const columns: Column<Certificate>[] = [
    { name: words.name, show: ({ label }) => label },
    { name: words.taxId, show: ({ holder }) => <span className='mono'>{holder.tax_id ?? '—'}</span>, wide: true },
    { name: words.status, show: ({ status }) => <Status value={status} /> },
    { name: words.validity, show: certificate => <DaysLeft from={certificate.valid_from} to={certificate.valid_to} days={certificate.days_left} compact /> },
    { name: words.kind, show: ({ kind }) => kind === 'csd' ? words.kindCsd : words.kindP12, wide: true }
  ]
  return (
    <Page title={words.title} lead={words.lead} actions={add}>
      <ResourceList
        path='/v1/certificates' caption={words.caption} columns={columns} to={({ id }) => `/certificates/${id}`}
        filters={[{ name: 'status', label: words.status, options: statuses.map(value => ({ value, label: names[value] })) }]}
        empty={<Empty icon='certificate' title={words.emptyTitle} text={words.emptyText} action={add} />}
      />
    </Page>
  )
}
