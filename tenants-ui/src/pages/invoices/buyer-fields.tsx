import { Checkbox, SimpleGrid, Stack, TextInput } from '@mantine/core'
import { useTexts } from '../../i18n/language.tsx'
import { CatalogueSelect } from '../../ui/catalogue.tsx'
import type { Buyer, Country } from './form.ts'
import { invoices } from './texts.ts'

/** Whose invoice it is, in the words of its country. `at` says what is wrong with a field; paths are those of `customer`. */
export function BuyerFields ({ country, buyer, onChange, at, left, emailFirst = false }: { country: Country, buyer: Buyer, onChange: (buyer: Buyer) => void, at: (...paths: string[]) => string | undefined, left?: (path: string) => void, emailFirst?: boolean }) {
  const words = useTexts(invoices)
  const set = (changes: Partial<Buyer>) => onChange({ ...buyer, ...changes })
  type Typed = Exclude<keyof Buyer, 'isPublic' | 'base'>
  const input = (name: Typed, path: string, ...more: string[]) => ({ name: `buyer-${name}`, value: buyer[name], onChange: (event: { currentTarget: { value: string } }) => set({ [name]: event.currentTarget.value }), onBlur: () => left?.(path), error: at(path, ...more), autoComplete: 'off' })
  const email = <TextInput label={words.email} type='email' maxLength={254} {...input('email', 'email')} />
  return (
    <Stack gap='md'>
      {emailFirst && email}
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        <TextInput label={country === 'MX' ? words.rfc : country === 'EC' ? words.ruc : words.nif} maxLength={40} {...input('taxId', 'tax_id')} />
        <TextInput label={country === 'MX' ? words.buyerNameMx : words.buyerName} maxLength={300} {...input('name', 'name')} />
        {country === 'MX' && (
          <>
            <TextInput label={words.postalMx} inputMode='numeric' maxLength={5} {...input('postal', 'address.postal_code')} />
            <CatalogueSelect catalogue='c_RegimenFiscal' label={words.regime} name='buyer-regime' value={buyer.regime} onChange={regime => { set({ regime }); left?.('mx.regime') }} error={at('mx.regime')} />
            <CatalogueSelect catalogue='c_UsoCFDI' label={words.use} name='buyer-use' value={buyer.use} onChange={use => { set({ use }); left?.('mx.cfdi_use') }} error={at('mx.cfdi_use')} allows={entry => buyer.regime === '' || !Array.isArray(entry.regimes) || entry.regimes.includes(buyer.regime)} />
          </>
        )}
        {country === 'EC' && (
          <>
            <CatalogueSelect catalogue='sri_tipoIdentificacion' label={words.idType} name='buyer-idType' value={buyer.idType} onChange={idType => { set({ idType }); left?.('tax_id_type') }} error={at('tax_id_type')} />
            <TextInput label={words.street} maxLength={200} {...input('street', 'address.street', 'address')} />
          </>
        )}
        {country === 'ES' && (
          <>
            <TextInput label={words.street} maxLength={200} {...input('street', 'address.street', 'address')} />
            <TextInput label={words.postal} maxLength={12} {...input('postal', 'address.postal_code')} />
            <TextInput label={words.city} maxLength={100} {...input('city', 'address.city')} />
            <TextInput label={words.region} maxLength={100} {...input('region', 'address.region')} />
            <TextInput label={words.buyerCountry} maxLength={2} {...input('country', 'address.country')} />
          </>
        )}
        {!emailFirst && email}
      </SimpleGrid>
      {country === 'ES' && <Checkbox label={words.publicBody} checked={buyer.isPublic} onChange={event => set({ isPublic: event.currentTarget.checked })} />}
      {country === 'ES' && buyer.isPublic && (
        <SimpleGrid cols={{ base: 1, sm: 3 }}>
          <TextInput label={words.office} maxLength={10} {...input('office', 'es.dir3.accounting_office', 'es.dir3')} />
          <TextInput label={words.managing} maxLength={10} {...input('managing', 'es.dir3.managing_body')} />
          <TextInput label={words.processing} maxLength={10} {...input('processing', 'es.dir3.processing_unit')} />
        </SimpleGrid>
      )}
    </Stack>
  )
}
