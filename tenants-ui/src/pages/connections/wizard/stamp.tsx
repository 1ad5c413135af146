import { Alert, Button, Checkbox, Group, Loader, Paper, SimpleGrid, Stack, Text, TextInput, Title } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { type Answer, type ApiProblem, ask } from '../../../api/client.ts'
import { useChange, useRead, useRefresh } from '../../../api/hooks.ts'
import { useTexts } from '../../../i18n/language.tsx'
import { useSession } from '../../../shell/session.tsx'
import { Checklist } from '../../../ui/checklist.tsx'
import { Confirm } from '../../../ui/confirm.tsx'
import { Facts, Waiting } from '../../../ui/page.tsx'
import { ProblemAlert } from '../../../ui/problem.tsx'
import type { Provider } from '../../../ui/schema-form.tsx'
import { Copyable, Status } from '../../../ui/values.tsx'
import { type Certificate, CertificateUpload } from '../../certificates/upload-form.tsx'
import { wizard } from '../wizard-texts.ts'
import type { Connection } from './credentials.tsx'
import { IssuerForm } from './issuer-form.tsx'
import { proofReference } from './payment.tsx'
import { type Country, type Issuer, type PublicBody, readyForRecords, seriesFor, someBody, testInvoice } from './test-document.ts'

export type Invoice = Answer<'get', '/v1/invoices/{id}'>
export type FiscalRecord = Answer<'get', '/v1/verifactu_records/{id}'>
/** What was proven of a connection that stamps: its invoice and, at the AEAT, that invoice’s record. */
export interface StampProof { invoice?: Invoice, record?: FiscalRecord, done: boolean }

const ends = new Set<Invoice['status']>(['issued', 'rejected', 'draft', 'canceled'])
const recordEnds = new Set<FiscalRecord['status']>(['accepted', 'accepted_with_errors', 'rejected', 'kept', 'unsigned'])
const keepsRecords = (provider: Provider): boolean => provider.families.includes('records')

/** The document that proved a connection: found again by whoever comes back. */
export function useStampProof (provider: Provider, connection: Connection, { enabled = true, wait = false }: { enabled?: boolean, wait?: boolean } = {}): StampProof {
  const list = useRead('/v1/invoices', { query: { reference: proofReference(connection.id), limit: 5 } }, { enabled, every: answer => wait && answer?.data[0] !== undefined && !ends.has(answer.data[0].status) ? 1_500 : false })
  const invoice = list.data?.data.find(({ status }) => status === 'issued') ?? list.data?.data[0]
  const ofRecords = keepsRecords(provider)
  const records = useRead('/v1/verifactu_records', { query: { invoice: invoice?.id ?? '', limit: 1 } }, { enabled: enabled && ofRecords && invoice !== undefined, every: answer => wait && (answer?.data[0] === undefined || !recordEnds.has(answer.data[0].status)) ? 1_500 : false })
  const record = records.data?.data[0]
  const issued = invoice?.status === 'issued'
  return { ...(invoice !== undefined && { invoice }), ...(record !== undefined && { record }), done: ofRecords ? issued && record?.status === 'accepted' : issued }
}

/** Whether a certificate can sign documents of that country. */
const serves = ({ kind, report }: Certificate, country: Country): boolean => (kind === 'csd') === (country === 'MX') && (report.holder?.country == null || report.holder.country === country)

/** Certificate, fiscal identity, and one test document; each is asked for only while it is missing. */
export function StampStage ({ provider, connection, onGoOn }: { provider: Provider, connection: Connection, onGoOn: () => void }) {
  const words = useTexts(wizard)
  const { mode } = useSession()
  const country = provider.countries[0] as Country
  const certificates = useRead('/v1/certificates', { query: { limit: 100, status: 'active' } })
  const issuers = useRead('/v1/issuers', { query: { limit: 100, country } })
  const proof = useStampProof(provider, connection, { enabled: mode === 'test', wait: true })
  if (certificates.isError || issuers.isError) return <ProblemAlert error={certificates.error ?? issuers.error} again={() => { void certificates.refetch(); void issuers.refetch() }} />
  if (certificates.data === undefined || issuers.data === undefined) return <Waiting rows={2} height={120} />
  const issuer = issuers.data.data.find(({ certificate }) => certificate !== null)
  const free = certificates.data.data.find(certificate => certificate.issuer === null && serves(certificate, country))
  const records = keepsRecords(provider)
  const body = issuer !== undefined
    ? <TestStamp provider={provider} connection={connection} issuer={issuer} proof={proof} country={country} />
    : free !== undefined
      ? <IssuerForm certificate={free} country={country} known={issuers.data.data.find(({ tax_id: taxId }) => taxId === free.holder.tax_id)} />
      : <><Text>{country === 'MX' ? words.stampNeedsCertificate : words.stampNeedsP12}</Text><CertificateUpload onKept={() => { void certificates.refetch(); void issuers.refetch() }} /></>
  return (
    <Stack gap='lg'>
      <Paper p='lg'>
        <Stack gap='md'>
          <div><Title order={2}>{records ? words.recordTitle : words.stampTitle}</Title><Text size='sm' c='dimmed' mt={2}>{leadOf(words, { live: mode === 'live', records, country })}</Text></div>
          {body}
        </Stack>
      </Paper>
      <Group><Button size='md' variant={proof.done ? 'filled' : 'default'} onClick={onGoOn}>{proof.done ? words.goOn : words.skip}</Button></Group>
    </Stack>
  )
}

function leadOf (words: typeof wizard['es'], { live, records, country }: { live: boolean, records: boolean, country: Country }): string {
  if (live) return records ? words.recordLive : words.stampLive
  if (records) return words.recordLead
  return country === 'MX' ? words.stampLead : country === 'EC' ? words.stampLeadEc : words.stampLeadEs
}

function TestStamp ({ provider, connection, issuer, proof, country }: { provider: Provider, connection: Connection, issuer: Issuer, proof: StampProof, country: Country }) {
  const words = useTexts(wizard)
  const { mode, may } = useSession()
  const refresh = useRefresh()
  const [body, setBody] = useState<PublicBody>(someBody)
  const consents = provider.capabilities.includes('upload_certificate')
  const records = keepsRecords(provider)
  const given = useRead('/v1/certificates/{id}/consents', { path: { id: issuer.certificate ?? '' } }, { enabled: consents && issuer.certificate !== null })
  const handed = given.data?.data.some(({ connection: to, withdrawn_at: withdrawn }) => to === connection.id && withdrawn === null) === true
  const stamp = useMutation<Invoice, ApiProblem>({
    mutationFn: async () => {
      if (records) await readyForRecords(issuer, connection.id)
      const document = { issuer, country, connection: connection.id, description: words.stampTitle, body, records }
      return await ask('post', '/v1/invoices', { body: testInvoice(document, await seriesFor(issuer, country)) })
    },
    onSettled: async () => await refresh(['/v1/invoices', '/v1/verifactu_records'])
  })
  if (consents && given.isPending) return <Waiting rows={1} />
  if (consents && !handed) return <HandOver provider={provider} connection={connection} certificate={issuer.certificate!} />
  if (mode === 'live') return <><Checklist items={[{ id: 'signer', state: 'done', title: words.stampSigner(issuer.legal_name) }]} />{records && <SwitchOn issuer={issuer} connection={connection} />}</>
  const { invoice, record } = proof
  const under = invoice !== undefined && (!ends.has(invoice.status) || (records && invoice.status === 'issued' && (record === undefined || !recordEnds.has(record.status))))
  const toFace = country === 'ES' && !records
  return (
    <form onSubmit={event => {
      event.preventDefault()
      if (!stamp.isPending) stamp.mutate()
    }}
    >
      <Stack gap='md'>
        {consents && <Checklist items={[{ id: 'handed', state: 'done', title: words.stampConsentDone }]} />}
        {toFace && !proof.done && !under && <BodyFields value={body} onChange={setBody} />}
        {stamp.isError && <ProblemAlert error={stamp.error} />}
        {under && <Group gap='sm' role='status'><Loader size='sm' aria-hidden='true' /><Text>{words.stampWaiting}</Text></Group>}
        {invoice !== undefined && !under && <StampEvidence proof={proof} records={records} />}
        {!proof.done && !under && may('invoices:write') && <Button type='submit' w='fit-content' size='md' loading={stamp.isPending}>{records ? words.recordStart : words.stampStart}</Button>}
      </Stack>
    </form>
  )
}

/** The public body of the test invoice: an example stands there, so that nothing has to be typed. */
function BodyFields ({ value, onChange }: { value: PublicBody, onChange: (body: PublicBody) => void }) {
  const words = useTexts(wizard)
  const names: Record<keyof PublicBody, string> = { name: words.legalName, tax_id: 'NIF', street: words.street, postal_code: words.postalCode, city: words.city, accounting_office: words.accountingOffice, managing_body: words.managingBody, processing_unit: words.processingUnit }
  return (
    <Stack gap='xs'>
      <Text size='sm'>{words.bodyLead}</Text>
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing='sm'>
        {(Object.keys(names) as (keyof PublicBody)[]).map(name => <TextInput key={name} name={`body-${name}`} label={names[name]} value={value[name]} required withAsterisk={false} autoComplete='off' onChange={event => onChange({ ...value, [name]: event.currentTarget.value })} />)}
      </SimpleGrid>
    </Stack>
  )
}

/** In live mode whoever submits does so until the end of the year: nobody does that by the way. */
function SwitchOn ({ issuer, connection }: { issuer: Issuer, connection: Connection }) {
  const words = useTexts(wizard)
  const { may } = useSession()
  const state = useRead('/v1/issuers/{id}/verifactu', { path: { id: issuer.id } })
  if (state.isError) return <ProblemAlert error={state.error} />
  if (state.data === undefined) return <Waiting rows={1} />
  if (state.data.system === 'verifactu') return <Checklist items={[{ id: 'verifactu', state: 'done', title: words.recordsOn }]} />
  if (!may('issuers:write')) return null
  return <Group><Confirm method='put' path='/v1/issuers/{id}/verifactu' asked={{ path: { id: issuer.id }, body: { system: 'verifactu', connection: connection.id } }} invalidates={['/v1/issuers']} label={words.recordsSwitch} title={words.recordsSwitch} text={words.recordsSwitchText} yes={words.recordsSwitch} done={words.recordsOn} button={{ variant: 'filled' }} /></Group>
}

/** A PAC that seals needs the key: only by consent, written down with its date. */
function HandOver ({ provider, connection, certificate }: { provider: Provider, connection: Connection, certificate: string }) {
  const words = useTexts(wizard)
  const [agreed, setAgreed] = useState(false)
  const upload = useChange('post', '/v1/certificates/{id}/uploads', { invalidates: ['/v1/certificates'] })
  return (
    <Stack gap='md'>
      <Checkbox label={words.stampConsent(provider.name)} checked={agreed} onChange={event => setAgreed(event.currentTarget.checked)} />
      {upload.isError && <ProblemAlert error={upload.error} />}
      <Button w='fit-content' disabled={!agreed} loading={upload.isPending} onClick={() => upload.mutate({ path: { id: certificate }, body: { connection: connection.id, accept: true } })}>{words.stampConsentDo}</Button>
    </Stack>
  )
}

function StampEvidence ({ proof: { invoice, record, done }, records }: { proof: StampProof, records: boolean }) {
  const words = useTexts(wizard)
  if (invoice === undefined) return null
  const refused = invoice.status === 'issued' ? record?.error_message == null ? [] : [{ code: record.error_code ?? '', message: record.error_message }] : invoice.authority_messages
  return (
    <Stack gap='md' className='appear' data-invoice={done ? 'issued' : invoice.status === 'issued' ? 'rejected' : invoice.status}>
      <Checklist items={[{ id: 'stamp', state: done ? 'done' : 'failed', title: done ? records ? words.recordSeen : words.stampSeen : words.stampRefused }]} />
      {refused.length > 0 && !done && <Alert color='red'>{refused.map(({ code, message }) => <Text key={code + message} size='sm' c='var(--mantine-color-text)'>{code}: {message}</Text>)}</Alert>}
      <Facts rows={[
        [words.state, <Status key='state' value={invoice.status} />],
        invoice.fiscal_id !== null && [words.fiscalId, <Copyable key='id' value={invoice.fiscal_id} />],
        record !== undefined && [words.recordState, <Status key='record' value={record.status} />],
        record?.receipt != null && [words.recordReceipt, <Copyable key='receipt' value={record.receipt} />]
      ]}
      />
    </Stack>
  )
}
