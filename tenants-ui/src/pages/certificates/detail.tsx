import { Alert, Group, SimpleGrid, Stack, Table, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import { Link, useLocation, useParams } from 'wouter'
import { useRead } from '../../api/hooks.ts'
import { useFormats } from '../../i18n/format.ts'
import { useTexts } from '../../i18n/language.tsx'
import { useSession } from '../../shell/session.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { DaysLeft } from '../../ui/days-left.tsx'
import { Icon } from '../../ui/icons.tsx'
import { Facts, Page, Section, Waiting, Wide } from '../../ui/page.tsx'
import { ProblemAlert } from '../../ui/problem.tsx'
import { Copyable, Status, When } from '../../ui/values.tsx'
import { certificates, purposeNames } from './texts.ts'
import { type Certificate, ReportView } from './upload-form.tsx'

export default function CertificatePage () {
  const { id } = useParams<{ id: string }>()
  const words = useTexts(certificates)
  const certificate = useRead('/v1/certificates/{id}', { path: { id } })
  const back = { to: '/certificates', text: words.title }
  if (certificate.isError) return <Page title={words.title} back={back}><ProblemAlert error={certificate.error} again={() => { void certificate.refetch() }} /></Page>
  if (certificate.data === undefined) return <Page title={words.title} back={back}><Waiting rows={3} height={140} /></Page>
  const found = certificate.data
  return (
    <Page title={found.label} back={back} badge={<Status value={found.status} />} lead={found.holder.name ?? undefined} actions={<Actions certificate={found} />}>
      <Stack gap='lg'>
        {found.refused !== null && <Alert color='red' icon={<Icon name='warning' />} title={words.refusedTitle}>{found.refused.message}</Alert>}
        {found.status === 'scheduled' && <Alert color='blue' icon={<Icon name='clock' />} role='status'>{inReserve(found) ? words.inReserve : <>{words.scheduledFor} <When at={found.active_from} exact />.</>}</Alert>}
        <SimpleGrid cols={{ base: 1, md: 2 }} spacing='lg'>
          <Section title={words.validity}>
            <Stack gap='md'>
              <DaysLeft from={found.valid_from} to={found.valid_to} days={found.days_left} />
              <Facts rows={[
                !inReserve(found) && [found.status === 'scheduled' ? words.activeFromThen : words.activeFrom, <When key='at' at={found.active_from} exact />],
                [words.number, found.number === null ? null : <Copyable key='number' value={found.number} />],
                [words.taxId, found.holder.tax_id],
                [words.fingerprint, <Copyable key='print' value={found.fingerprint} />]
              ]}
              />
            </Stack>
          </Section>
          <UsedBy certificate={found} />
        </SimpleGrid>
        <Section title={words.report}><ReportView report={found.report} validity={false} /></Section>
        <Uses id={id} />
      </Stack>
    </Page>
  )
}

/** Its turn was put off to its own end: it signs nothing until somebody says when. */
const inReserve = ({ status, active_from: from, valid_to: to }: Certificate): boolean => status === 'scheduled' && from === to

function Actions ({ certificate }: { certificate: Certificate }) {
  const { id, status } = certificate
  const words = useTexts(certificates)
  const { may } = useSession()
  const [, go] = useLocation()
  const [at, setAt] = useState('')
  if (!may('certificates:write') || status === 'deleted') return null
  return (
    <>
      {status !== 'expired' && (
        <Confirm
          method='post' path='/v1/certificates/{id}/activate' asked={() => ({ path: { id }, body: at === '' ? {} : { at: new Date(at).toISOString() } })}
          invalidates={['/v1/certificates', '/v1/issuers']} label={words.schedule} title={words.scheduleTitle} text={words.scheduleText} yes={at === '' ? words.activate : words.scheduleYes} done={at === '' ? words.activated : words.scheduled} onDone={() => setAt('')}
        >
          <TextInput type='datetime-local' label={words.scheduleAt} value={at} onChange={event => setAt(event.currentTarget.value)} />
        </Confirm>
      )}
      {status === 'scheduled' && !inReserve(certificate) && <Confirm method='post' path='/v1/certificates/{id}/activate' asked={{ path: { id }, body: { at: certificate.valid_to } }} invalidates={['/v1/certificates', '/v1/issuers']} label={words.unschedule} title={words.unschedule} text={words.unscheduleText} yes={words.unschedule} done={words.unscheduled} />}
      <Confirm method='delete' path='/v1/certificates/{id}' asked={{ path: { id } }} invalidates={['/v1/certificates', '/v1/issuers']} label={words.remove} title={words.removeTitle} text={words.removeText} yes={words.remove} danger done={words.removed} onDone={() => go('/certificates')} />
    </>
  )
}

/** Its issuer, the connections of that country that seal with it here, and those that were given a copy. */
function UsedBy ({ certificate: { id, issuer } }: { certificate: Certificate }) {
  const words = useTexts(certificates)
  const { may } = useSession()
  const used = useRead('/v1/issuers/{id}', { path: { id: issuer ?? '' } }, { enabled: issuer !== null && may('issuers:read') })
  const connections = useRead('/v1/connections', { query: { limit: 100 } }, { enabled: may('connections:read') })
  const providers = useRead('/v1/providers', undefined, { enabled: may('connections:read') })
  const consents = useRead('/v1/certificates/{id}/consents', { path: { id } })
  const country = used.data?.country
  const given = consents.data?.data ?? []
  const signing = (connections.data?.data ?? []).filter(({ provider }) => {
    const found = providers.data?.data.find(one => one.id === provider)
    return country !== undefined && found?.families.some(family => family === 'invoicing' || family === 'records') === true && found.countries.includes(country) && !found.capabilities.includes('upload_certificate')
  })
  const nameOf = (connection: string) => connections.data?.data.find(one => one.id === connection)?.label ?? connection
  return (
    <Section title={words.usedBy}>
      <Stack gap='md'>
        <Facts rows={[
          [words.usedByIssuer, issuer === null ? words.usedByNobody : used.data === undefined ? issuer : `${used.data.legal_name} · ${used.data.tax_id}`],
          [words.connectionsUsing, connections.isLoading || providers.isLoading || used.isLoading ? '…' : signing.length === 0 ? null : <Stack key='using' gap={2}>{signing.map(({ id, label }) => <Text key={id} size='sm' component={Link} href={`/connections/${id}`}>{label}</Text>)}</Stack>]
        ]}
        />
        <div>
          <Text size='sm' fw={600} mb={6}>{words.consents}</Text>
          {given.length === 0 && <Text size='sm' c='dimmed'>{words.consentsNone}</Text>}
          {given.map(consent => (
            <Group key={consent.connection + consent.given_at} justify='space-between' wrap='nowrap'>
              <Text size='sm'>{words.consentGiven(nameOf(consent.connection))} · <When at={consent.given_at} /></Text>
              {consent.withdrawn_at !== null
                ? <Text size='sm' c='dimmed'>{words.withdrawn}</Text>
                : may('certificates:write') && <Confirm method='delete' path='/v1/certificates/{id}/consents/{connection_id}' asked={{ path: { id, connection_id: consent.connection } }} invalidates={['/v1/certificates']} label={words.withdraw} title={words.withdrawTitle} text={words.withdrawText} yes={words.withdraw} danger button={{ size: 'xs' }} />}
            </Group>
          ))}
        </div>
      </Stack>
    </Section>
  )
}

function Uses ({ id }: { id: string }) {
  const words = useTexts(certificates)
  const purposes = useTexts(purposeNames) as Record<string, string>
  const { dateTime } = useFormats()
  const uses = useRead('/v1/certificates/{id}/uses', { path: { id }, query: { limit: 10 } })
  return (
    <Section title={words.uses}>
      {uses.isError && <ProblemAlert error={uses.error} />}
      {uses.isPending && <Waiting rows={2} />}
      {uses.data?.data.length === 0 && <Text size='sm' c='dimmed'>{words.usesNone}</Text>}
      {uses.data !== undefined && uses.data.data.length > 0 && (
        <Wide label={words.uses}>
          <Table>
            <Table.Thead><Table.Tr><Table.Th scope='col'>{words.when}</Table.Th><Table.Th scope='col'>{words.purpose}</Table.Th><Table.Th scope='col'>{words.subject}</Table.Th></Table.Tr></Table.Thead>
            <Table.Tbody>{uses.data.data.map(use => <Table.Tr key={use.id}><Table.Td>{dateTime(use.created_at)}</Table.Td><Table.Td>{purposes[use.purpose] ?? use.purpose}</Table.Td><Table.Td className='mono'>{use.subject}</Table.Td></Table.Tr>)}</Table.Tbody>
          </Table>
        </Wide>
      )}
    </Section>
  )
}
