import '@mantine/core/styles.css'
import '@mantine/notifications/styles.css'
import './app.css'
import { MantineProvider } from '@mantine/core'
import { Notifications } from '@mantine/notifications'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import { LanguageProvider } from './i18n/language.tsx'
import { loadPageOf } from './routes.tsx'
import { beginSession } from './shell/session.tsx'
import { read, write } from './storage.ts'
import { theme } from './theme.ts'

/** The page's policy lets style elements in by this only; what is not ours to call (react-remove-scroll) reads it where webpack keeps it. */
const nonce = document.querySelector<HTMLMetaElement>('meta[property=csp-nonce]')?.nonce ?? ''
Object.assign(globalThis, { __webpack_nonce__: nonce })

// The server was updated under an open window: the page that is wanted has another name by now. Once in a while, so that a file that is truly missing is told.
window.addEventListener('vite:preloadError', event => {
  if (Date.now() - Number(read('reloaded', 'session') ?? 0) < 60_000) return
  event.preventDefault()
  write('reloaded', String(Date.now()), 'session')
  window.location.reload()
})

// The SDK tries again by itself.
const queries = new QueryClient({ defaultOptions: { queries: { retry: false, staleTime: 5_000 }, mutations: { retry: false } } })

if (beginSession(queries)) loadPageOf(window.location.pathname)

createRoot(document.getElementById('root')!).render(
  <MantineProvider theme={theme} defaultColorScheme='auto' getStyleNonce={() => nonce}>
    <QueryClientProvider client={queries}>
      <LanguageProvider>
        <Notifications position='bottom-right' />
        <App />
      </LanguageProvider>
    </QueryClientProvider>
  </MantineProvider>
)
