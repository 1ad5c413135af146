import { Button, Group, Paper, SimpleGrid, Stack, Text, ThemeIcon, Title } from '@mantine/core'
import { useQueries } from '@tanstack/react-query'
import { Link } from 'wouter'
import { ask } from '../../api/client.ts'
import { keyOf, useRead } from '../../api/hooks.ts'
import { useFormats } from '../../i18n/format.ts'
import { useTexts } from '../../i18n/language.tsx'
import { useSession } from '../../shell/session.tsx'
import { Checklist } from '../../ui/checklist.tsx'
import { Icon, type IconName } from '../../ui/icons.tsx'
import { Empty, Page, Section, Waiting } from '../../ui/page.tsx'
import { ProblemAlert } from '../../ui/problem.tsx'
import { Status } from '../../ui/values.tsx'
import { home } from './texts.ts'
import { Today } from './today.tsx'

export default function HomePage () {
  const words = useTexts(home)
  const { session, atPlatform, may } = useSession()
  return (
    <Page title={words.title(session.user.name)} lead={atPlatform ? words.leadPlatform : words.leadTenant}>
      {atPlatform
        ? <Empty icon='building' title={words.tenantsTitle} action={<Group><Button component={Link} href='/tenants' variant='default'>{words.open}</Button>{may('tenants:write') && <Button component={Link} href='/tenants/new'>{words.newTenant}</Button>}</Group>} />
        : <Stack gap='lg'><Today /><TenantHome /></Stack>}
    </Page>
  )
}

function TenantHome () {
  const words = useTexts(home)
  const { number } = useFormats()
  const { may } = useSession()
  const connections = useRead('/v1/connections', { query: { limit: 100 } }, { enabled: may('connections:read') })
  const certificates = useRead('/v1/certificates', { query: { limit: 100 } }, { enabled: may('certificates:read') })
  const endpoints = useRead('/v1/webhook_endpoints', { query: { limit: 1 } }, { enabled: may('webhooks:read') })
  // Those that are used, each by itself: the list of all is many times as long.
  const used = [...new Set((connections.data?.data ?? []).map(({ provider }) => provider))]
  const providers = useQueries({ queries: used.map(id => ({ queryKey: keyOf('/v1/providers/{id}', { path: { id } }), queryFn: async () => await ask('get', '/v1/providers/{id}', { path: { id } }), staleTime: 300_000 })) })
  if (!may('connections:read')) return null
  if (connections.isError) return <ProblemAlert error={connections.error} again={() => { void connections.refetch() }} />
  if (connections.data === undefined || providers.some(({ isPending }) => isPending) || certificates.isLoading || endpoints.isLoading) return <Waiting rows={3} height={120} />
  const of = (id: string) => providers.find(({ data }) => data?.id === id)?.data
  const has = (family: 'payments' | 'invoicing') => connections.data.data.some(({ provider, health }) => of(provider)?.families.includes(family) === true && health === 'healthy')
  const steps = [
    { id: 'payments', done: has('payments'), title: words.connectTitle, text: words.connectText, to: '/connections/new?family=payments', icon: 'plug', scope: 'connections:write' },
    { id: 'certificate', done: certificates.data?.data.some(({ status }) => status === 'active') === true, title: words.certificateTitle, text: words.certificateText, to: '/certificates/new', icon: 'certificate', scope: 'certificates:write' },
    { id: 'invoicing', done: has('invoicing'), title: words.pacTitle, text: words.pacText, to: '/connections/new?family=invoicing', icon: 'invoice', scope: 'connections:write' },
    { id: 'webhooks', done: (endpoints.data?.data.length ?? 0) > 0, title: words.hooksTitle, text: words.hooksText, to: '/deliveries/endpoints/new', icon: 'send', scope: 'webhooks:write' }
  ] as const
  const broken = connections.data.data.filter(({ health }) => health === 'failing' || health === 'reconnect')
  const begun = connections.data.data.filter(({ health, provider, webhook, enabled }) => enabled && (health === 'untested' || (health === 'healthy' && of(provider)?.webhooks != null && webhook.first_event_at === null)))
  const left = steps.filter(({ done }) => !done).length
  return (
    <Stack gap='lg'>
      {steps.some(({ done, scope }) => !done && may(scope)) && (
        <Section title={words.startTitle} lead={left === steps.length ? words.startLead : words.startLeft(number(left))}>
          <Stack gap='md'>
            {left < steps.length && <Checklist items={steps.filter(({ done }) => done).map(({ id, title }) => ({ id, state: 'done', title }))} />}
            <SimpleGrid cols={{ base: 1, sm: Math.min(2, left), lg: left }} spacing='md'>{steps.filter(({ done }) => !done).map(step => <Step key={step.id} {...step} />)}</SimpleGrid>
          </Stack>
        </Section>
      )}
      {begun.length > 0 && (
        <Section title={words.begunTitle} lead={words.begunLead}>
          <Stack gap='sm'>
            {begun.map(({ id, label, health, webhook, auth }) => (
              <Group key={id} justify='space-between' gap='sm'>
                <div><Text fw={550}>{label}</Text><Text size='sm' c='dimmed'>{health === 'untested' ? words.begunUntested : webhook.registered || auth === 'oauth' ? words.begunNoEvent : words.begunNoHook}</Text></div>
                {may('connections:write') && <Button component={Link} href={`/connections/${id}/setup`} variant='default' size='xs' aria-label={`${words.goOn}: ${label}`}>{words.goOn}</Button>}
              </Group>
            ))}
          </Stack>
        </Section>
      )}
      <Section title={words.connections} actions={<Button component={Link} href='/connections' variant='default' size='xs'>{words.open}</Button>}>
        {connections.data.data.length === 0 && <Text c='dimmed'>{words.none}</Text>}
        {connections.data.data.length > 0 && broken.length === 0 && <Group gap='sm'><ThemeIcon color='teal' variant='light' radius='xl'><Icon name='check' size={16} /></ThemeIcon><Text>{words.allWell}</Text></Group>}
        {broken.length > 0 && (
          <Stack gap='xs'>
            <Text size='sm' c='dimmed'>{words.needsAttention}</Text>
            {broken.map(({ id, label, health }) => <Group key={id} justify='space-between' wrap='nowrap'><Text component={Link} href={`/connections/${id}`} fw={550}>{label}</Text><Status value={health} /></Group>)}
          </Stack>
        )}
      </Section>
    </Stack>
  )
}

function Step ({ title, text, to, icon, scope }: { title: string, text: string, to: string, icon: IconName, scope: string }) {
  const words = useTexts(home)
  const { may } = useSession()
  return (
    <Paper p='md' shadow='none'>
      <Stack gap='sm' h='100%'>
        <ThemeIcon size={38} radius='md' variant='light'><Icon name={icon} /></ThemeIcon>
        <div><Title order={3}>{title}</Title><Text size='sm' c='dimmed' mt={2}>{text}</Text></div>
        {may(scope) && <Button component={Link} href={to} mt='auto' w='fit-content' aria-label={`${words.begin}: ${title}`}>{words.begin}</Button>}
      </Stack>
    </Paper>
  )
}
