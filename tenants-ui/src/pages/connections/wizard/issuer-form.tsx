import { Button, Select, Stack, Text, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { type ApiProblem, ask } from '../../../api/client.ts'
import { fieldError, useRead, useRefresh } from '../../../api/hooks.ts'
import { useTexts } from '../../../i18n/language.tsx'
import { ProblemAlert } from '../../../ui/problem.tsx'
import type { Certificate } from '../../certificates/upload-form.tsx'
import { wizard } from '../wizard-texts.ts'
import type { Country, Issuer } from './test-document.ts'

/** Who issues, of what the certificate does not say: what that country’s documents must show, and nothing more. */
export function IssuerForm ({ certificate, country, known }: { certificate: Certificate, country: Country, known: Issuer | undefined }) {
  const words = useTexts(wizard)
  const refresh = useRefresh()
  const [form, setForm] = useState({ legal_name: certificate.holder.name ?? '', tax_id: certificate.holder.tax_id ?? '', regime: '', postal_code: '', street: '', city: '' })
  const regimes = useRead('/v1/catalogues/{name}', { path: { name: 'c_RegimenFiscal' } }, { enabled: country === 'MX' })
  const save = useMutation<Issuer, ApiProblem>({
    mutationFn: async () => {
      const { legal_name, tax_id, regime, postal_code, street, city } = form
      const address = Object.fromEntries(Object.entries({ street, city, ...(country === 'ES' && { postal_code, country }) }).filter(([, value]) => value.trim() !== ''))
      const issuer = known ?? await ask('post', '/v1/issuers', { body: { country, legal_name, tax_id, ...(regime !== '' && { regime }), ...(postal_code !== '' && { postal_code }), ...(Object.keys(address).length > 0 && { address }), ...(country === 'EC' && { branches: [{ code: '001', tills: [{ code: '001' }] }] }) } })
      if (issuer.certificate === null) await ask('patch', '/v1/certificates/{id}', { path: { id: certificate.id }, body: { issuer: issuer.id } as never })
      return issuer
    },
    onSuccess: async () => await refresh(['/v1/issuers', '/v1/certificates'])
  })
  const input = (name: keyof typeof form, path: string = name) => ({ name, value: form[name], required: true, withAsterisk: false, onChange: (event: { currentTarget: { value: string } }) => setForm({ ...form, [name]: event.currentTarget.value }), error: fieldError(save.error, path) })
  const choices = (regimes.data?.data ?? []).map(({ code, text }) => ({ value: code, label: `${code} · ${text}` }))
  return (
    <form onSubmit={event => {
      event.preventDefault()
      if (!save.isPending) save.mutate()
    }}
    >
      <Stack gap='md' maw={520}>
        {known !== undefined
          ? <Text>{words.stampLink(certificate.label, known.legal_name)}</Text>
          : (
            <>
              <Text>{country === 'MX' ? words.stampNeedsIssuer : country === 'EC' ? words.stampNeedsIssuerEc : words.stampNeedsIssuerEs}</Text>
              <TextInput label={country === 'MX' ? 'RFC' : country === 'EC' ? 'RUC' : 'NIF'} {...input('tax_id')} readOnly={certificate.holder.tax_id !== null} />
              <TextInput label={words.legalName} {...input('legal_name')} />
              {country === 'MX' && (choices.length > 0
                ? <Select label={words.regime} name='regime' data={choices} value={form.regime === '' ? null : form.regime} onChange={value => setForm({ ...form, regime: value ?? '' })} searchable error={fieldError(save.error, 'regime')} />
                : <TextInput label={words.regime} {...input('regime')} inputMode='numeric' />)}
              {country !== 'MX' && <TextInput label={country === 'EC' ? words.streetEc : words.street} {...input('street', 'address.street')} autoComplete='street-address' />}
              {country !== 'EC' && <TextInput label={words.postalCode} {...input('postal_code')} inputMode='numeric' autoComplete='postal-code' />}
              {country === 'ES' && <TextInput label={words.city} {...input('city', 'address.city')} autoComplete='address-level2' />}
            </>
            )}
        {save.isError && <ProblemAlert error={save.error} but={[...Object.keys(form), 'address.street', 'address.city']} />}
        <Button type='submit' w='fit-content' loading={save.isPending}>{words.saveIssuer}</Button>
      </Stack>
    </form>
  )
}
