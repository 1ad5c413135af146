import { Alert, Button, Checkbox, Group, Loader, Paper, Select, Stack, Text, TextInput, Title } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { type Answer, type ApiProblem, ask } from '../../../api/client.ts'
import { fieldError, useChange, useRead, useRefresh } from '../../../api/hooks.ts'
import { useTexts } from '../../../i18n/language.tsx'
import { useSession } from '../../../shell/session.tsx'
import { Checklist } from '../../../ui/checklist.tsx'
import { Facts, Waiting } from '../../../ui/page.tsx'
import { ProblemAlert } from '../../../ui/problem.tsx'
import type { Provider } from '../../../ui/schema-form.tsx'
import { Copyable, Status } from '../../../ui/values.tsx'
import { type Certificate, CertificateUpload } from '../../certificates/upload-form.tsx'
import { wizard } from '../wizard-texts.ts'
import type { Connection } from './credentials.tsx'
import { proofReference } from './payment.tsx'

export type Invoice = Answer<'get', '/v1/invoices/{id}'>
type Issuer = Answer<'get', '/v1/issuers/{id}'>
type Country = Issuer['country']

const ends = new Set<Invoice['status']>(['issued', 'rejected', 'draft', 'canceled'])

/** The invoice that proved a connection: found again by whoever comes back. */
export function useStampProof (connection: Connection, { enabled = true, wait = false }: { enabled?: boolean, wait?: boolean } = {}): Invoice | undefined {
  const list = useRead('/v1/invoices', { query: { reference: proofReference(connection.id), limit: 5 } }, { enabled, every: answer => wait && answer?.data[0] !== undefined && !ends.has(answer.data[0].status) ? 1_500 : false })
  return list.data?.data.find(({ status }) => status === 'issued') ?? list.data?.data[0]
}

/** Certificate, fiscal identity, and one test document; each is asked for only while it is missing. */
export function StampStage ({ provider, connection, onGoOn }: { provider: Provider, connection: Connection, onGoOn: () => void }) {
  const words = useTexts(wizard)
  const { mode } = useSession()
  const country = provider.countries[0] as Country
  const certificates = useRead('/v1/certificates', { query: { limit: 100, status: 'active' } })
  const issuers = useRead('/v1/issuers', { query: { limit: 100, country } })
  const invoice = useStampProof(connection, { enabled: mode === 'test', wait: true })
  if (certificates.isError || issuers.isError) return <ProblemAlert error={certificates.error ?? issuers.error} again={() => { void certificates.refetch(); void issuers.refetch() }} />
  if (certificates.data === undefined || issuers.data === undefined) return <Waiting rows={2} height={120} />
  const issuer = issuers.data.data.find(({ certificate }) => certificate !== null)
  const free = certificates.data.data.find(({ issuer }) => issuer === null)
  const done = invoice?.status === 'issued'
  const body = issuer !== undefined
    ? <TestStamp provider={provider} connection={connection} issuer={issuer} invoice={invoice} country={country} />
    : free !== undefined
      ? <IssuerForm certificate={free} country={country} />
      : <><Text>{words.stampNeedsCertificate}</Text><CertificateUpload onKept={() => { void certificates.refetch(); void issuers.refetch() }} /></>
  return (
    <Stack gap='lg'>
      <Paper p='lg'>
        <Stack gap='md'>
          <div><Title order={2}>{words.stampTitle}</Title><Text size='sm' c='dimmed' mt={2}>{mode === 'live' ? words.stampLive : country === 'ES' ? words.stampPublicBodies : words.stampLead}</Text></div>
          {body}
        </Stack>
      </Paper>
      <Group><Button size='md' variant={done ? 'filled' : 'default'} onClick={onGoOn}>{done ? words.goOn : words.skip}</Button></Group>
    </Stack>
  )
}

/** Who issues, of what the certificate does not say. */
function IssuerForm ({ certificate, country }: { certificate: Certificate, country: Country }) {
  const words = useTexts(wizard)
  const refresh = useRefresh()
  const [form, setForm] = useState({ legal_name: certificate.holder.name ?? '', tax_id: certificate.holder.tax_id ?? '', regime: '', postal_code: '', street: '' })
  const regimes = useRead('/v1/catalogues/{name}', { path: { name: 'c_RegimenFiscal' } }, { enabled: country === 'MX' })
  const save = useMutation<Issuer, ApiProblem>({
    mutationFn: async () => {
      const { legal_name, tax_id, regime, postal_code, street } = form
      const issuer = await ask('post', '/v1/issuers', { body: { country, legal_name, tax_id, ...(regime !== '' && { regime }), ...(postal_code !== '' && { postal_code }), ...(street !== '' && { address: { street } }), ...(country === 'EC' && { branches: [{ code: '001', tills: [{ code: '001' }] }] }) } })
      if (issuer.certificate === null) await ask('patch', '/v1/certificates/{id}', { path: { id: certificate.id }, body: { issuer: issuer.id } as never })
      return issuer
    },
    onSuccess: async () => await refresh(['/v1/issuers', '/v1/certificates'])
  })
  const input = (name: keyof typeof form) => ({ name, value: form[name], onChange: (event: { currentTarget: { value: string } }) => setForm({ ...form, [name]: event.currentTarget.value }), error: fieldError(save.error, name) })
  const choices = (regimes.data?.data ?? []).map(({ code, text }) => ({ value: code, label: `${code} · ${text}` }))
  return (
    <form onSubmit={event => {
      event.preventDefault()
      if (!save.isPending) save.mutate()
    }}
    >
      <Stack gap='md' maw={520}>
        <Text>{words.stampNeedsIssuer}</Text>
        <TextInput label={words.taxId} {...input('tax_id')} required withAsterisk={false} readOnly={certificate.holder.tax_id !== null} />
        <TextInput label={words.legalName} {...input('legal_name')} required withAsterisk={false} />
        {country === 'MX' && (choices.length > 0
          ? <Select label={words.regime} name='regime' data={choices} value={form.regime === '' ? null : form.regime} onChange={value => setForm({ ...form, regime: value ?? '' })} searchable error={fieldError(save.error, 'regime')} />
          : <TextInput label={words.regime} {...input('regime')} required withAsterisk={false} inputMode='numeric' />)}
        {country !== 'EC' && <TextInput label={words.postalCode} {...input('postal_code')} required withAsterisk={false} inputMode='numeric' />}
        {country !== 'MX' && <TextInput label={words.street} {...input('street')} required withAsterisk={false} />}
        {save.isError && <ProblemAlert error={save.error} but={Object.keys(form)} />}
        <Button type='submit' w='fit-content' loading={save.isPending}>{words.saveIssuer}</Button>
      </Stack>
    </form>
  )
}

function TestStamp ({ provider, connection, issuer, invoice, country }: { provider: Provider, connection: Connection, issuer: Issuer, invoice: Invoice | undefined, country: Country }) {
  const words = useTexts(wizard)
  const { mode, may } = useSession()
  const refresh = useRefresh()
  const consents = provider.capabilities.includes('upload_certificate')
  const given = useRead('/v1/certificates/{id}/consents', { path: { id: issuer.certificate ?? '' } }, { enabled: consents && issuer.certificate !== null })
  const handed = given.data?.data.some(({ connection: to, withdrawn_at: withdrawn }) => to === connection.id && withdrawn === null) === true
  const stamp = useMutation<Invoice, ApiProblem>({
    mutationFn: async () => {
      await needSeries(issuer, country)
      return await ask('post', '/v1/invoices', { body: testInvoice(issuer, connection, country, words.stampTitle) })
    },
    onSettled: async () => await refresh(['/v1/invoices'])
  })
  if (mode === 'live' || country === 'ES') return consents && !handed ? <HandOver provider={provider} connection={connection} certificate={issuer.certificate!} /> : null
  if (consents && given.isPending) return <Waiting rows={1} />
  if (consents && !handed) return <HandOver provider={provider} connection={connection} certificate={issuer.certificate!} />
  const under = invoice !== undefined && !ends.has(invoice.status)
  return (
    <Stack gap='md'>
      {consents && <Checklist items={[{ id: 'handed', state: 'done', title: words.stampConsentDone }]} />}
      {stamp.isError && <ProblemAlert error={stamp.error} />}
      {under && <Group gap='sm' role='status'><Loader size='sm' aria-hidden='true' /><Text>{words.stampWaiting}</Text></Group>}
      {invoice !== undefined && !under && <StampEvidence invoice={invoice} />}
      {invoice?.status !== 'issued' && !under && may('invoices:write') && <Button w='fit-content' size='md' loading={stamp.isPending} onClick={() => stamp.mutate()}>{words.stampStart}</Button>}
    </Stack>
  )
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

export function StampEvidence ({ invoice }: { invoice: Invoice }) {
  const words = useTexts(wizard)
  const good = invoice.status === 'issued'
  return (
    <Stack gap='md' className='appear' data-invoice={invoice.status}>
      <Checklist items={[{ id: 'stamp', state: good ? 'done' : 'failed', title: good ? words.stampSeen : words.stampRefused }]} />
      {invoice.authority_messages.length > 0 && !good && <Alert color='red'>{invoice.authority_messages.map(({ code, message }) => <Text key={code + message} size='sm' c='var(--mantine-color-text)'>{code}: {message}</Text>)}</Alert>}
      <Facts rows={[[words.state, <Status key='state' value={invoice.status} />], invoice.fiscal_id !== null && [words.fiscalId, <Copyable key='id' value={invoice.fiscal_id} />]]} />
    </Stack>
  )
}

/** A series of its own for the test, where the issuer has none: numbers of true series are never spent on it. */
async function needSeries (issuer: Issuer, country: Country): Promise<void> {
  const { data } = await ask('get', '/v1/series', { query: { issuer: issuer.id, document: 'invoice', active: true } })
  if (data.length > 0) return
  await ask('post', '/v1/series', { body: { issuer: issuer.id, document: 'invoice', ...(country === 'EC' ? { branch: issuer.branches[0]?.code ?? '001', till: issuer.branches[0]?.tills?.[0]?.code ?? '001' } : { prefix: 'PRUEBA' }) } })
}

/** Of the company to itself (Mexico), or to the final consumer (Ecuador): nobody else's data, and nothing that a rule could refuse. */
function testInvoice (issuer: Issuer, connection: Connection, country: Country, description: string) {
  const shared = { country, issuer: issuer.id, connection: connection.id, reference: proofReference(connection.id), send: false }
  if (country === 'EC') {
    const [branch] = issuer.branches
    return { ...shared, currency: 'USD', branch: branch?.code ?? '001', till: branch?.tills?.[0]?.code ?? '001', customer: { name: 'CONSUMIDOR FINAL', tax_id: '9999999999999' }, lines: [{ description, quantity: '1', unit_price: '1.00', taxes: [{ type: 'IVA', rate: '0.15' }] }], payment: { form: '01' } }
  }
  return {
    ...shared, currency: 'MXN', customer: { name: issuer.legal_name, tax_id: issuer.tax_id, address: { postal_code: issuer.postal_code ?? '' }, mx: { regime: issuer.regime ?? '601', cfdi_use: 'S01' } },
    lines: [{ description, quantity: '1', unit_price: '1.00', taxes: [{ type: 'IVA', rate: '0.16' }], mx: { product_key: '01010101', unit_key: 'H87' } }], payment: { method: 'PUE', form: '01' }
  }
}
