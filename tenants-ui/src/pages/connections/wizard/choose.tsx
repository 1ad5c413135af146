import { Badge, Group, Paper, SegmentedControl, Select, SimpleGrid, Stack, Text, TextInput, UnstyledButton } from '@mantine/core'
import { useRead } from '../../../api/hooks.ts'
import { useFormats } from '../../../i18n/format.ts'
import { useTexts } from '../../../i18n/language.tsx'
import { useSession } from '../../../shell/session.tsx'
import { Icon } from '../../../ui/icons.tsx'
import { useFilters } from '../../../ui/list.tsx'
import { Empty, Waiting } from '../../../ui/page.tsx'
import { ProblemAlert } from '../../../ui/problem.tsx'
import type { Provider } from '../../../ui/schema-form.tsx'
import { useProviderName } from '../names.ts'
import { wizard } from '../wizard-texts.ts'

type Traits = 'cards' | 'cash' | 'transfer' | 'links' | 'subscriptions' | 'refunds' | 'stamping'
const cash = new Set(['oxxo', 'cash', 'paycash', 'efecty', 'baloto', 'seven_eleven', 'boleto'])
const transfers = new Set(['spei', 'pse', 'pix', 'bank_transfer', 'bancomer', 'banamex', 'transfer', 'bancolombia_transfer', 'pay_by_bank'])

const has: Record<Traits, (provider: Provider) => boolean> = {
  cards: ({ methods }) => methods.some(({ type }) => type === 'card'),
  cash: ({ methods }) => methods.some(({ type }) => cash.has(type)),
  transfer: ({ methods }) => methods.some(({ type }) => transfers.has(type)),
  links: ({ capabilities }) => capabilities.includes('create_payment_link'),
  subscriptions: ({ capabilities }) => capabilities.includes('create_subscription'),
  refunds: ({ capabilities }) => capabilities.includes('refund'),
  stamping: ({ capabilities }) => capabilities.includes('issue')
}

/** Cards without logos, and filters that stand in the URL. */
export function ChooseProvider () {
  const words = useTexts(wizard)
  const { country: countryName } = useFormats()
  const { tenant, mode } = useSession()
  const [{ family = '', country, trait, q = '' }, set] = useFilters(['family', 'country', 'trait', 'q', 'provider'])
  const providers = useRead('/v1/providers')
  const nameOf = useProviderName()
  const traits: Record<Traits, string> = { cards: words.hasCards, cash: words.hasCash, transfer: words.hasTransfer, links: words.hasLinks, subscriptions: words.hasSubscriptions, refunds: words.hasRefunds, stamping: words.hasStamping }
  if (providers.isError) return <ProblemAlert error={providers.error} again={() => { void providers.refetch() }} />
  if (providers.data === undefined) return <Waiting rows={4} height={110} />
  const all = providers.data.data.filter(({ modes }) => modes.includes(mode))
  const countries = [...new Set(all.flatMap(provider => provider.countries))].map(code => ({ value: code, label: countryName(code) })).sort((one, other) => one.label.localeCompare(other.label))
  const wanted = country === 'all' ? undefined : country ?? (countries.some(({ value }) => value === tenant.country) ? tenant.country : undefined)
  const shown = all.filter(provider =>
    (family === '' || (family === 'payments') === provider.families.includes('payments')) && (wanted === undefined || provider.countries.includes(wanted)) &&
    (trait === undefined || has[trait as Traits]?.(provider) === true) && nameOf(provider).toLowerCase().includes(q.toLowerCase()))
    .sort((one, other) => Number(one.experimental) - Number(other.experimental))

  return (
    <Stack gap='lg'>
      <Group gap='md' align='flex-end'>
        <div>
          <Text size='sm' fw={500} mb={4} id='family-label'>{words.need}</Text>
          <SegmentedControl aria-labelledby='family-label' value={family} onChange={value => set({ family: value, trait: null })} data={[{ value: '', label: words.needAny }, { value: 'payments', label: words.payments }, { value: 'invoicing', label: words.invoicing }]} />
        </div>
        <Select label={words.country} data={[{ value: 'all', label: words.needAny }, ...countries]} value={wanted ?? 'all'} onChange={value => set({ country: value })} searchable allowDeselect={false} w={200} />
        <Select label={words.capability} placeholder={words.needAny} data={Object.entries(traits).map(([value, label]) => ({ value, label }))} value={trait ?? null} onChange={value => set({ trait: value })} clearable clearButtonProps={{ 'aria-label': words.needAny }} w={180} />
        <TextInput label={words.searchProvider} value={q} onChange={event => set({ q: event.currentTarget.value })} leftSection={<Icon name='search' size={16} />} w={200} />
      </Group>
      {shown.length === 0 && <Empty icon='search' title={words.noneFits} />}
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} spacing='md' component='ul' m={0} p={0} style={{ listStyle: 'none' }}>
        {shown.map(provider => <li key={provider.id}><Card provider={provider} traits={traits} onChoose={() => set({ provider: provider.id })} /></li>)}
      </SimpleGrid>
    </Stack>
  )
}

function Card ({ provider, traits, onChoose }: { provider: Provider, traits: Record<Traits, string>, onChoose: () => void }) {
  const words = useTexts(wizard)
  const { country, list, number } = useFormats()
  const { families, countries, experimental, id } = provider
  const name = useProviderName()(provider)
  const marks = (Object.keys(has) as Traits[]).filter(trait => has[trait](provider)).map(trait => traits[trait])
  return (
    <UnstyledButton onClick={onChoose} className='card' data-provider={id}>
      <Paper p='md' h='100%' className='card'>
        <Stack gap={8}>
          <Group justify='space-between' wrap='nowrap'>
            <Group gap='sm' wrap='nowrap'>
              <Icon name={families.includes('payments') ? 'money' : families.includes('register') ? 'search' : 'invoice'} />
              <Text fw={650} size='lg'>{name}</Text>
            </Group>
            {experimental && <Badge color='orange' style={{ flexShrink: 0 }}>{words.experimental}</Badge>}
          </Group>
          <Text size='sm' c='dimmed'>{list(families.map(family => words[family]))} · {countries.length <= 3 ? list(countries.map(country)) : words.countries(number(countries.length))}</Text>
          <Group gap={6}>{marks.map(mark => <Badge key={mark} color='gray' variant='light' className='status'>{mark}</Badge>)}</Group>
        </Stack>
      </Paper>
    </UnstyledButton>
  )
}
