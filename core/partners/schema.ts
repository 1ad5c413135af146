import { type Static, Type } from 'typebox'
import { closed, Instant, listQuery, pageOf } from '../http-schema.ts'

export const NewPartner = Type.Object({ name: Type.String({ minLength: 1, maxLength: 120, pattern: '\\S' }) }, closed)
export type NewPartner = Static<typeof NewPartner>

export const Partner = Type.Object({ id: Type.String(), object: Type.Literal('partner'), name: Type.String(), created_at: Instant }, { ...closed, title: 'Partner' })
export type Partner = Static<typeof Partner>

export const ListPartners = Type.Object(listQuery, closed)
export type ListPartners = Static<typeof ListPartners>
export const PartnerPage = pageOf(Partner)

export const GrantParams = Type.Object({ id: Type.String({ maxLength: 60 }), tenant_id: Type.String({ maxLength: 60 }) })

/** The tenant's consent that the partner acts for it. */
export const Grant = Type.Object({ object: Type.Literal('partner_grant'), partner: Type.String(), tenant: Type.String() }, { ...closed, title: 'PartnerGrant' })
export type Grant = Static<typeof Grant>
