/** A payer on a page of the provider's, for tests of the domain. */
export { invoiceFields, payPage } from '../../adapters/stripe/testing/payer.ts'
