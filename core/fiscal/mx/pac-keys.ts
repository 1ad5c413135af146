import { createPublicKey, type KeyObject } from 'node:crypto'

/** The public keys of the certificates with which PACs seal their timbres, by their numbers. */
export type PacKeys = ReadonlyMap<string, KeyObject>

/**
 * The keys of the SAT's own test PAC (SPR190613I52, SAT PRUEBAS), which stamps in every PAC's sandbox: 2019–2023 and 2023–2027.
 * Those of real PACs change and are published by the SAT: they are given by whoever checks.
 */
export const testPacKeys: PacKeys = new Map(Object.entries({
  '30001000000400002495': 'MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAsoQx5/ABuQTTsbLTtkhCbuYRO9rhmGriDqpYhVJAOd/RcrC7Q6j/VjLXOPwvGxHUafw6H7Wd0DFlyLJbH9qFcKDDmg0GI9gms2XdCy/OEgL0zwc4onXp0ghm9QlD0W9oJCdTVSbPFGiv6yCOlb+HTElN9WTthJa75Xb/LjLphyUxeTbkRO8IkGYoIbRDRSRq/gXmWCnX5PDGVriUSZvkWShS/89uz2BxDk68Skw/KsmWVOnkJDRloDqSYTqTCeoJmwpJqnWYQfNfzPciRwvefp5QewZYxKIBq9fMv+VQZQRFnm6vw9e7fMIboLho7+2d5MMYXyKaG9FzVtOABb8o9QIDAQAB',
  '30001000000500003456': 'MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAikGI0sOKEvFVkk4oNs2+o9Lu791i95sqSB5W0fAe3JQeqwnyA+CnrssioBxva2AJuaD6Hpr1tYnd3n6WH/gvpyfBVIQ2hFYi93MVxBXtxxYF7pGxprdWuXKp6/GtT1SMVfTOnzC8AqRr7DGL88a/rTK49NdydgLKeO7ZD/Aw4ZCEdOUXLPKmicsMYAVwPDqYbBlVnOiqDbaFEbcqly2P+xTBs9ThyFPOZoWsDjC8u+B+dCF1WlhNA2zq/9s7ILZx50i+9quOy86KvtZZjAhyYn9VKzRuyTChnhPJt+dKDTaWJWKD9RCGEri5j/XUpi61Z4BIMbH0ipxJUEN+2hg3gwIDAQAB'
}).map(([number, spki]) => [number, createPublicKey({ key: Buffer.from(spki, 'base64'), format: 'der', type: 'spki' })]))
