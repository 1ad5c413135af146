import { Box, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useLocation } from 'wouter'
import { useFilters } from './list.tsx'
import { Icon } from './icons.tsx'

/** Where the page of a thing is, by how its id begins. */
const pages: Record<string, string> = { pay: '/payments/', lnk: '/payments/links/', chk: '/payments/sessions/', sal: '/sales/', inv: '/invoices/', cus: '/customers/', sub: '/subscriptions/', con: '/connections/', cer: '/certificates/' }

/** One box that finds: an id of ours opens its page; anything else becomes the filter `name` of this list. */
export function Find ({ label, name = 'reference' }: { label: string, name?: string }) {
  const [values, set] = useFilters([name])
  const value = values[name] ?? ''
  return <Search key={value} label={label} value={value} find={wanted => set({ [name]: wanted })} />
}

function Search ({ label, value, find }: { label: string, value: string, find: (wanted: string) => void }) {
  const [, go] = useLocation()
  const [typed, setTyped] = useState(value)
  return (
    <Box
      component='form' w={{ base: '100%', sm: 'auto' }} role='search' aria-label={label}
      onSubmit={event => {
        event.preventDefault()
        const wanted = typed.trim()
        const place = /^([a-z]{3})_[0-9a-f]{32}$/.exec(wanted)?.[1]
        if (place !== undefined && pages[place] !== undefined) go(pages[place] + wanted)
        else find(wanted)
      }}
    >
      <TextInput aria-label={label} placeholder={label} value={typed} onChange={event => setTyped(event.currentTarget.value)} leftSection={<Icon name='search' size={16} />} w={{ base: '100%', sm: 280 }} maxLength={200} />
    </Box>
  )
}
