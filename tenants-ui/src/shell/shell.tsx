import { AppShell, Badge, Box, Burger, Button, Divider, Group, Menu, NavLink, ScrollArea, SegmentedControl, Stack, Text, UnstyledButton, VisuallyHidden } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { type ReactNode, useEffect } from 'react'
import { Link, useLocation } from 'wouter'
import { common } from '../i18n/common.ts'
import { useTexts } from '../i18n/language.tsx'
import { type Place, places } from '../routes.tsx'
import { Icon } from '../ui/icons.tsx'
import { LanguageChoice, SchemeChoice } from './choices.tsx'
import { menu } from './menu.ts'
import { useSession } from './session.tsx'
import css from './shell.module.css'
import { SupportBand } from './support-band.tsx'

/** What stands around every page: where one can go, for whom and in which mode one acts, and one's own choices. */
export function Shell ({ children }: { children: ReactNode }) {
  const words = useTexts(common)
  const [opened, { toggle, close }] = useDisclosure()
  const [location] = useLocation()
  const { session, tenant, mode, atPlatform, enterTenant } = useSession()
  useEffect(close, [location, close])
  const visiting = session.tenant.kind === 'platform' && !atPlatform

  return (
    <>
      <a className='skip' href='#content'>{words.skip}</a>
      <AppShell header={{ height: 60 }} navbar={{ width: 244, breakpoint: 'sm', collapsed: { mobile: !opened } }} padding={{ base: 'md', sm: 'xl' }}>
        <AppShell.Header className={css.header}>
          <Group h='100%' px={{ base: 'sm', sm: 'lg' }} justify='space-between' wrap='nowrap' gap='sm'>
            <Group gap='sm' wrap='nowrap' miw={0}>
              <Burger opened={opened} onClick={toggle} hiddenFrom='sm' size='sm' aria-label={opened ? words.closeMenu : words.openMenu} aria-expanded={opened} />
              <UnstyledButton component={Link} href='/' className={css.brand} aria-label={words.product}><img src='/favicon.svg' alt='' width={28} height={28} /><Text fw={700} visibleFrom='sm'>{words.product}</Text></UnstyledButton>
              <Divider orientation='vertical' visibleFrom='sm' my={18} />
              <Text fw={550} truncate title={tenant.name}>{atPlatform ? words.groupPlatform : tenant.name}</Text>
            </Group>
            <Group gap='xs' wrap='nowrap'>
              {!atPlatform && <ModeSwitch />}
              <LanguageChoice />
              <AccountMenu />
            </Group>
          </Group>
        </AppShell.Header>

        <AppShell.Navbar p='sm' className={css.navbar} data-closed={!opened || undefined}>
          <ScrollArea flex={1} type='auto'><Places /></ScrollArea>
          <Stack gap={2} pt='sm'>
            <NavLink component='a' href='/docs' target='_blank' label={<>{words.apiReference}<VisuallyHidden> {words.newTab}</VisuallyHidden></>} leftSection={<Icon name='book' size={18} />} className={css.place} />
          </Stack>
        </AppShell.Navbar>

        <AppShell.Main id='content' tabIndex={-1} className={css.main}>
          <Box maw={1200} mx='auto'>
            {visiting && session.user.role === 'support' && <SupportBand />}
            {visiting && session.user.role !== 'support' && (
              <Group className={css.visiting} justify='space-between' gap='sm' role='status'>
                <Text size='sm' fw={550}>{words.actingFor(tenant.name)}</Text>
                <Button size='xs' variant='white' color='dark' component={Link} href='/tenants' onClick={() => enterTenant(null)}>{words.leaveTenant}</Button>
              </Group>
            )}
            {!atPlatform && mode === 'test' && (
              <Group gap='xs' mb='md' className={css.testing} wrap='nowrap'>
                <Badge color='orange' className={css.testBadge}>{words.testMode}</Badge>
                <Text size='xs' visibleFrom='sm'>{words.testModeHint}</Text>
              </Group>
            )}
            {/* Another mode or tenant is another page: nothing typed for one is ever sent for the other. */}
            <Box key={`${tenant.id} ${mode}`}>{children}</Box>
          </Box>
        </AppShell.Main>
      </AppShell>
    </>
  )
}

function ModeSwitch () {
  const words = useTexts(common)
  const { mode, setMode } = useSession()
  return (
    <SegmentedControl
      size='xs' value={mode} onChange={value => setMode(value as 'test')} aria-label={words.mode} className={css.mode} data-mode={mode}
      data={[{ value: 'test', label: words.test }, { value: 'live', label: words.live }]}
    />
  )
}

function Places () {
  const words = useTexts(common)
  const names = useTexts(menu)
  const [location] = useLocation()
  const { may, atPlatform } = useSession()
  const shown = places.filter(({ scope, at }) => (scope === undefined || may(scope)) && (at === undefined || (at === 'platform') === atPlatform))
  const groups = [...new Set(shown.map(({ group }) => group))]
  const isHere = ({ path }: Place) => path === '/' ? location === '/' : location === path || location.startsWith(`${path}/`)
  return (
    <nav aria-label={words.main}>
      {groups.map((group, index) => (
        <Box key={group} mt={index === 0 ? 0 : 'md'}>
          {index > 0 && <Text size='xs' fw={600} c='dimmed' px='sm' mb={4}>{words[group]}</Text>}
          {shown.filter(place => place.group === group).map(place => (
            <NavLink key={place.path} component={Link} href={place.path} label={names[place.text]} leftSection={<Icon name={place.icon} size={18} />} active={isHere(place)} aria-current={isHere(place) ? 'page' : undefined} className={css.place} />
          ))}
        </Box>
      ))}
    </nav>
  )
}

function AccountMenu () {
  const words = useTexts(common)
  const { session, signOut, may } = useSession()
  const [, go] = useLocation()
  return (
    <Menu position='bottom-end' width={270}>
      <Menu.Target>
        <UnstyledButton className={css.account} aria-label={`${words.account}: ${session.user.name}`} data-initials={initials(session.user.name)} />
      </Menu.Target>
      <Menu.Dropdown>
        <Box px='sm' py={6}>
          <Text fw={600} size='sm'>{session.user.name}</Text>
          <Text size='xs' c='dimmed' className='breaks'>{session.user.email}</Text>
          <Text size='xs' c='dimmed'>{session.tenant.name}</Text>
        </Box>
        <Menu.Divider />
        <Box px='sm' py={6}><SchemeChoice /></Box>
        <Menu.Divider />
        <Menu.Item component={Link} href='/account' leftSection={<Icon name='user' size={16} />}>{words.account}</Menu.Item>
        {may('queues:read') && <Menu.Item component='a' href='/admin/queues' leftSection={<Icon name='pulse' size={16} />}>{words.queues}</Menu.Item>}
        <Menu.Item leftSection={<Icon name='left' size={16} />} onClick={() => { void signOut().then(() => go('/')) }}>{words.signOut}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}

const initials = (name: string): string => name.trim().split(/\s+/).slice(0, 2).map(word => word[0]!.toUpperCase()).join('') || '·'
