import { Button, Group, Paper, SimpleGrid, Stack, Text, ThemeIcon, Title } from '@mantine/core'
import { Link } from 'wouter'
import { useRead } from '../../api/hooks.ts'
import { useTexts } from '../../i18n/language.tsx'
import { useSession } from '../../shell/session.tsx'
import { Icon, type IconName } from '../../ui/icons.tsx'
import { Empty, Page, Section, Waiting } from '../../ui/page.tsx'
import { ProblemAlert } from '../../ui/problem.tsx'
import { Status } from '../../ui/values.tsx'
import { home } from './texts.ts'

export default function HomePage () {
  const words = useTexts(home)
  const { session, atPlatform, may } = useSession()
  return (
    <Page title={words.title(session.user.name)} lead={atPlatform ? words.leadPlatform : words.leadTenant}>
      {atPlatform
        ? <Empty icon='building' title={words.tenantsTitle} action={<Group><Button component={Link} href='/tenants' variant='default'>{words.open}</Button>{may('tenants:write') && <Button component={Link} href='/tenants/new'>{words.newTenant}</Button>}</Group>} />
        : <TenantHome />}
    </Page>
  )
}

function TenantHome () {
  const words = useTexts(home)
  const { may } = useSession()
  const connections = useRead('/v1/connections', { query: { limit: 100 } }, { enabled: may('connections:read') })
  const certificates = useRead('/v1/certificates', { query: { limit: 100 } }, { enabled: may('certificates:read') })
  const providers = useRead('/v1/providers', undefined, { enabled: may('connections:read') })
  if (connections.isError) return <ProblemAlert error={connections.error} again={() => { void connections.refetch() }} />
  if (connections.data === undefined || providers.data === undefined) return <Waiting rows={3} height={120} />
  const invoicing = new Set(providers.data.data.filter(({ families }) => families.includes('invoicing')).map(({ id }) => id))
  const payments = new Set(providers.data.data.filter(({ families }) => families.includes('payments')).map(({ id }) => id))
  const has = (family: Set<string>) => connections.data.data.some(({ provider, health }) => family.has(provider) && health === 'healthy')
  const hasCertificate = certificates.data?.data.some(({ status }) => status === 'active') === true
  const steps = [
    { id: 'payments', done: has(payments), title: words.connectTitle, text: words.connectText, to: '/connections/new?family=payments', icon: 'plug', scope: 'connections:write' },
    { id: 'certificate', done: hasCertificate, title: words.certificateTitle, text: words.certificateText, to: '/certificates/new', icon: 'certificate', scope: 'certificates:write' },
    { id: 'invoicing', done: has(invoicing), title: words.pacTitle, text: words.pacText, to: '/connections/new?family=invoicing', icon: 'invoice', scope: 'connections:write' }
  ] as const
  const broken = connections.data.data.filter(({ health }) => health === 'failing' || health === 'reconnect')
  return (
    <Stack gap='lg'>
      {steps.some(({ done, scope }) => !done && may(scope)) && (
        <Section title={words.startTitle} lead={words.startLead}>
          <SimpleGrid cols={{ base: 1, md: 3 }} spacing='md'>{steps.map(step => <Step key={step.id} {...step} />)}</SimpleGrid>
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

function Step ({ done, title, text, to, icon, scope }: { done: boolean, title: string, text: string, to: string, icon: IconName, scope: string }) {
  const words = useTexts(home)
  const { may } = useSession()
  return (
    <Paper p='md' shadow='none'>
      <Stack gap='sm' h='100%'>
        <Group justify='space-between'><ThemeIcon size={38} radius='md' variant='light'><Icon name={icon} /></ThemeIcon>{done && <Status value='done' />}</Group>
        <div><Title order={3}>{title}</Title><Text size='sm' c='dimmed' mt={2}>{text}</Text></div>
        {!done && may(scope) && <Button component={Link} href={to} mt='auto' w='fit-content'>{words.begin}</Button>}
      </Stack>
    </Paper>
  )
}
