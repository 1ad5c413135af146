import { useRead } from '../../api/hooks.ts'
import { useTexts } from '../../i18n/language.tsx'
import { useSession } from '../../shell/session.tsx'
import { providerNames } from './texts.ts'

export function useProviderName (): (provider: { id: string, name: string }) => string {
  const words = useTexts(providerNames) as Record<string, string>
  return ({ id, name }) => words[id] ?? name
}

/** The same where only its id is at hand. */
export function useNameOfProvider (): (id: string | null) => string {
  const { may } = useSession()
  const providers = useRead('/v1/providers', undefined, { enabled: may('connections:read') })
  const called = useProviderName()
  return id => {
    const provider = providers.data?.data.find(one => one.id === id)
    return provider === undefined ? id ?? '—' : called(provider)
  }
}
