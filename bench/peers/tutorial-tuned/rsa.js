import { createPrivateKey, generateKeyPair, webcrypto } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'

const privatePath = path.join(process.env.DATA, 'private.pem')
const publicPath = path.join(process.env.DATA, 'public.pem')

// The primary makes the keys; its workers read them.
export async function makeKeys() {
  if (existsSync(privatePath)) return
  const { privateKey, publicKey } = await promisify(generateKeyPair)('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
  await writeFile(privatePath, privateKey, { mode: 0o600 })
  await writeFile(publicPath, publicKey)
}

export async function open() {
  const algorithm = { name: 'RSA-OAEP', hash: 'SHA-256' }
  const der = createPrivateKey(await readFile(privatePath)).export({ type: 'pkcs8', format: 'der' })
  const key = await webcrypto.subtle.importKey('pkcs8', der, algorithm, false, ['decrypt'])
  return {
    publicKey: await readFile(publicPath, 'utf8'),
    // crypto.privateDecrypt has no asynchronous form; this one works in the thread pool.
    async decrypt(text) {
      return Buffer.from(await webcrypto.subtle.decrypt(algorithm, key, Buffer.from(text, 'base64'))).toString('utf8')
    },
  }
}
