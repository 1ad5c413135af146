import { Box, Button, ColorInput, FileButton, Group, isLightColor, Select, SimpleGrid, Stack, Text, Textarea, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'wouter'
import { type Answer, type Asked, fetchFile } from '../../api/client.ts'
import { fieldError, useChange, useRead } from '../../api/hooks.ts'
import { useTexts } from '../../i18n/language.tsx'
import { useSession } from '../../shell/session.tsx'
import { tell } from '../../ui/notices.ts'
import { Empty, Page, Section, Waiting } from '../../ui/page.tsx'
import { ProblemAlert } from '../../ui/problem.tsx'
import { series, branding } from './texts-house.ts'
import { settings } from './texts.ts'

type Issuer = Answer<'get', '/v1/issuers'>['data'][number]
const logoBytesAtMost = 200_000

export default function BrandingPage () {
  const all = useTexts(settings)
  const words = useTexts(branding)
  const numbering = useTexts(series)
  const { may } = useSession()
  const issuers = useRead('/v1/issuers', { query: { limit: 100 } })
  const [chosen, setChosen] = useState<string | null>(null)
  const known = issuers.data?.data ?? []
  const issuer = known.find(({ id }) => id === chosen) ?? known[0]
  return (
    <Page title={all.brandingTitle} lead={words.lead} back={{ to: '/settings', text: all.title }}>
      {issuers.isError && <ProblemAlert error={issuers.error} again={() => { void issuers.refetch() }} />}
      {issuers.isPending && <Waiting rows={1} height={320} />}
      {issuers.data !== undefined && issuer === undefined && <Empty icon='certificate' title={words.emptyTitle} text={words.emptyText} action={may('certificates:write') && <Button component={Link} href='/certificates/new'>{words.upload}</Button>} />}
      {issuer !== undefined && (
        <Stack gap='lg'>
          {known.length > 1 && <Select label={numbering.issuer} maw={420} data={known.map(({ id, legal_name: name, tax_id: taxId }) => ({ value: id, label: `${name} · ${taxId}` }))} value={issuer.id} onChange={setChosen} allowDeselect={false} />}
          <Form key={`${issuer.id} ${issuer.updated_at}`} issuer={issuer} />
        </Stack>
      )}
    </Page>
  )
}

function Form ({ issuer }: { issuer: Issuer }) {
  const words = useTexts(branding)
  const { may } = useSession()
  const [form, setForm] = useState({ colour: issuer.colour ?? '', trade_name: issuer.trade_name ?? '', ticket_footer: issuer.ticket_footer ?? '' })
  /** Base64 of a new one; null: it shall go; undefined: as it is. */
  const [logo, setLogo] = useState<{ data: string, type: string } | null>()
  const [problem, setProblem] = useState<string>()
  const kept = useLogo(issuer)
  const save = useChange('patch', '/v1/issuers/{id}', { invalidates: ['/v1/issuers'], onDone: () => tell(words.saved) })
  const shown = logo === undefined ? kept : logo === null ? undefined : `data:${logo.type};base64,${logo.data}`
  const writable = may('issuers:write')
  const colour = /^#[0-9a-f]{6}$/i.test(form.colour) ? form.colour : '#0b6e69'
  const orNull = (value: string) => value.trim() === '' ? null : value.trim()
  const choose = async (file: File | null) => {
    if (file === null) return
    if (file.size > logoBytesAtMost) return setProblem(words.tooBig)
    setProblem(undefined)
    setLogo({ type: file.type, data: base64(new Uint8Array(await file.arrayBuffer())) })
  }
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }} spacing='lg'>
      <Section title={issuer.legal_name} lead={issuer.tax_id}>
        <form onSubmit={event => {
          event.preventDefault()
          if (!save.isPending) save.mutate({ path: { id: issuer.id }, body: { colour: orNull(form.colour), trade_name: orNull(form.trade_name), ticket_footer: orNull(form.ticket_footer), ...(logo !== undefined && { logo: logo === null ? null : { data: logo.data } }) } } as Asked<'patch', '/v1/issuers/{id}'>)
        }}
        >
          <Stack gap='md'>
            <div>
              <Text size='sm' fw={500}>{words.logo}</Text>
              <Text size='xs' c='dimmed' mb={6}>{words.logoHelp}</Text>
              {writable && (
                <Group gap='sm'>
                  <FileButton accept='image/png,image/jpeg' onChange={file => { void choose(file) }} inputProps={{ 'aria-label': words.chooseLogo }}>{props => <Button variant='default' {...props}>{words.chooseLogo}</Button>}</FileButton>
                  {shown !== undefined && <Button variant='subtle' color='red.8' onClick={() => setLogo(null)}>{words.removeLogo}</Button>}
                </Group>
              )}
              {(problem ?? fieldError(save.error, 'logo.data')) !== undefined && <Text size='xs' c='var(--mantine-color-error)' mt={4} role='alert'>{problem ?? fieldError(save.error, 'logo.data')}</Text>}
            </div>
            <ColorInput label={words.colour} value={form.colour} onChange={colour => setForm({ ...form, colour })} readOnly={!writable} error={fieldError(save.error, 'colour')} eyeDropperButtonProps={{ 'aria-label': words.colour }} withEyeDropper={false} />
            <TextInput name='trade_name' label={words.tradeName} value={form.trade_name} readOnly={!writable} maxLength={300} onChange={event => setForm({ ...form, trade_name: event.currentTarget.value })} error={fieldError(save.error, 'trade_name')} />
            <Textarea name='ticket_footer' label={words.footer} description={words.footerHelp} autosize minRows={2} maxLength={1000} value={form.ticket_footer} readOnly={!writable} onChange={event => setForm({ ...form, ticket_footer: event.currentTarget.value })} error={fieldError(save.error, 'ticket_footer')} />
            {save.isError && <ProblemAlert error={save.error} but={['colour', 'trade_name', 'ticket_footer', 'logo.data']} />}
            {writable && <Button type='submit' w='fit-content' loading={save.isPending}>{words.save}</Button>}
          </Stack>
        </form>
      </Section>
      <Section title={words.preview} lead={words.previewText}>
        <Box p='lg' bg='#fff' c='#1f2933' style={{ borderRadius: 8, border: '1px solid var(--mantine-color-default-border)', borderTop: `6px solid ${colour}` }}>
          <Group justify='space-between' wrap='nowrap' align='flex-start'>
            {shown === undefined ? <Text size='sm'>{words.noLogo}</Text> : <img src={shown} alt={words.logo} style={{ maxHeight: 64, maxWidth: 180 }} data-logo />}
            <Text fw={700}>{words.previewTitle}</Text>
          </Group>
          <Text fw={650} mt='md'>{form.trade_name.trim() === '' ? issuer.legal_name : form.trade_name}</Text>
          <Text size='sm'>{issuer.tax_id}</Text>
          {form.ticket_footer.trim() !== '' && <Text size='xs' mt='lg' style={{ whiteSpace: 'pre-line' }}>{form.ticket_footer}</Text>}
        </Box>
        <Text size='sm' c='dimmed' mt='lg' mb='xs'>{words.previewPage}</Text>
        <Box p='lg' maw={340} mx='auto' bg='#fff' c='#1f2933' style={{ borderRadius: 24, border: '1px solid var(--mantine-color-default-border)' }} data-page-preview>
          {shown !== undefined && <img src={shown} alt='' style={{ display: 'block', maxHeight: 48, maxWidth: 160, marginBottom: 12 }} />}
          <Text fw={700}>{words.pageTitle}</Text>
          <Text size='sm'>{form.trade_name.trim() === '' ? issuer.legal_name : form.trade_name}</Text>
          <Text size='xs' mt='md'>RFC</Text>
          <Box h={40} style={{ borderRadius: 8, border: '1px solid #cbd2d9' }} />
          <Box mt='md' py={10} ta='center' fw={600} bg={colour} c={isLightColor(colour) ? '#000' : '#fff'} style={{ borderRadius: 8 }}>{words.pageButton}</Box>
        </Box>
      </Section>
    </SimpleGrid>
  )
}

/** The logo of now, as an address that an image can show: it is fetched like every answer, with mode and tenant. */
function useLogo ({ id, logo, updated_at: version }: Issuer): string | undefined {
  const kept = useQuery({
    queryKey: ['/v1/issuers/{id}/logo', { path: { id } }, version],
    queryFn: async () => {
      const { bytes, type } = await fetchFile('/v1/issuers/{id}/logo', { path: { id } })
      return `data:${type};base64,${base64(new Uint8Array(bytes))}`
    },
    enabled: logo !== null
  })
  return logo === null ? undefined : kept.data
}

const base64 = (bytes: Uint8Array): string => btoa(Array.from(bytes, byte => String.fromCharCode(byte)).join(''))
