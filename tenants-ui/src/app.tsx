import { Button, Center, Container } from '@mantine/core'
import { Component, type ReactNode, Suspense } from 'react'
import { Link, Route, Switch, useLocation } from 'wouter'
import { common } from './i18n/common.ts'
import { useTexts } from './i18n/language.tsx'
import { LoginPage } from './pages/login/login.tsx'
import { type ConsoleRoute, openRoutes, routes } from './routes.tsx'
import { SessionProvider, useSession } from './shell/session.tsx'
import { Shell } from './shell/shell.tsx'
import { Empty, Page, WaitingPage } from './ui/page.tsx'
import { ProblemAlert } from './ui/problem.tsx'

export function App () {
  return (
    <Switch>
      {openRoutes.map(({ path, page: Open }) => <Route key={path} path={path}><Whole><Open /></Whole></Route>)}
      <Route><Console /></Route>
    </Switch>
  )
}

function Console () {
  return (
    <SessionProvider
      waiting={<WaitingPage />}
      signedOut={ended => <LoginPage ended={ended} />}
      failed={(problem, again) => <Center mih='60vh' p='md'><Container size='sm' component='main'><ProblemAlert error={problem} again={again} /></Container></Center>}
    >
      <Shell>
        <Whole>
          <Switch>
            {routes.map(route => <Route key={route.path} path={route.path}><Allowed route={route} /></Route>)}
            <Route path='/login'><LoginPage ended={false} /></Route>
            <Route><NotFound /></Route>
          </Switch>
        </Whole>
      </Shell>
    </SessionProvider>
  )
}

function Allowed ({ route: { page: Shown, scope, at } }: { route: ConsoleRoute }) {
  const words = useTexts(common)
  const { may, atPlatform } = useSession()
  if (at !== undefined && (at === 'platform') !== atPlatform) return <NotFound />
  if (scope !== undefined && !may(scope)) return <Page title={words.forbiddenTitle}><Empty icon='shield' title={words.forbiddenText} /></Page>
  return <Shown />
}

function NotFound () {
  const words = useTexts(common)
  return <Page title={words.notFoundTitle}><Empty icon='search' title={words.notFoundText} action={<Button component={Link} href='/'>{words.goHome}</Button>} /></Page>
}

/** A page that is being fetched, and one that broke: the rest of the console goes on. */
function Whole ({ children }: { children: ReactNode }) {
  const [location] = useLocation()
  return <Guard key={location} broken={<Broken />}><Suspense fallback={<WaitingPage />}>{children}</Suspense></Guard>
}

function Broken () {
  const words = useTexts(common)
  return <Page title={words.brokenTitle}><Empty icon='warning' title={words.brokenText} action={<Button onClick={() => window.location.reload()}>{words.reload}</Button>} /></Page>
}

class Guard extends Component<{ children: ReactNode, broken: ReactNode }, { broken: boolean }> {
  override state = { broken: false }
  static getDerivedStateFromError () { return { broken: true } }
  override render () { return this.state.broken ? this.props.broken : this.props.children }
}
