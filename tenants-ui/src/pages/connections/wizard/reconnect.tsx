import { Button } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type Answer, type ApiProblem, ask } from '../../../api/client.ts'
import { useTexts } from '../../../i18n/language.tsx'
import { ProblemAlert } from '../../../ui/problem.tsx'
import { connections } from '../texts.ts'

/** Consent at the provider once more, for a connection that was made by it. `to`: which of its pages one comes back to. */
export function Reconnect ({ connection: { id, provider, mode }, to = '' }: { connection: Pick<Answer<'get', '/v1/connections/{id}'>, 'id' | 'provider' | 'mode'>, to?: '' | 'setup' }) {
  const words = useTexts(connections)
  const begin = useMutation<Answer<'post', '/v1/connections/oauth'>, ApiProblem>({
    mutationFn: async () => await ask('post', '/v1/connections/oauth', { body: { provider, mode, connection: id, return_url: `${window.location.origin}/connections/${id}${to === '' ? '' : `/${to}`}` } }),
    onSuccess: ({ url }) => window.location.assign(url)
  })
  return <><Button size='sm' w='fit-content' loading={begin.isPending} onClick={() => begin.mutate()}>{words.reconnect}</Button>{begin.isError && <ProblemAlert error={begin.error} />}</>
}
