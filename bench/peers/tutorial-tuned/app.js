import { hash, verify } from '@node-rs/argon2'
import { createSigner, createVerifier } from 'fast-jwt'
import Fastify from 'fastify'
import * as db from './db.js'
import * as rsa from './rsa.js'

const { publicKey, decrypt } = await rsa.open()
const key = process.env.JWT_SECRET
const sign = createSigner({ key, expiresIn: process.env.JWT_EXPIRES || '1h' })
// It remembers which tokens it found good, by the token itself.
const check = createVerifier({ key, algorithms: ['HS256'], cache: true, cacheKeyBuilder: (token) => token })
// What an unknown address is compared with, so that it takes as long as a known one.
const nobody = await hash('nobody')

const app = Fastify()
export default app

app.setErrorHandler((error, request, reply) => {
  const known = error.statusCode < 500
  if (!known) console.error(error)
  reply.code(known ? error.statusCode : 500).send({ message: known ? error.message : 'Server error' })
})

app.get('/api/auth/public.pem', (request, reply) => {
  reply.type('application/x-pem-file').send(publicKey)
})

app.post('/api/auth/register', answers(201, { message: text(), user: user() }), async (request, reply) => {
  const { name, email, password } = request.body ?? {}
  if (!name || !email || !password) {
    return reply.code(400).send({ message: 'Name, email and password are required' })
  }
  const sql = 'INSERT INTO users (name, email, password) VALUES (?, ?, ?)'
  try {
    const id = await db.insert(sql, [name, email, await hash(password)])
    return reply.code(201).send({ message: 'User registered successfully', user: { id, name, email } })
  } catch (error) {
    if (error.code !== 'ER_DUP_ENTRY') throw error
    return reply.code(400).send({ message: 'Email already registered' })
  }
})

app.post('/api/auth/login', answers(200, { token: text(), user: user() }), async (request, reply) => {
  const { email, password } = request.body ?? {}
  if (!email || !password) {
    return reply.code(400).send({ message: 'Email and password are required' })
  }
  const sql = 'SELECT id, name, email, password FROM users WHERE email = ?'
  const [plain, found] = await Promise.all([decrypt(password).catch(() => null), db.one(sql, [email])])
  if (plain === null) {
    return reply.code(400).send({ message: 'Password could not be decrypted' })
  }
  if (!(await verify(found?.password ?? nobody, plain)) || !found) {
    return reply.code(401).send({ message: 'Invalid email or password' })
  }
  return { token: sign({ id: found.id, email: found.email }), user: found }
})

const profile = { ...answers(200, user({ created_at: { type: 'string', format: 'date-time' } }).properties), onRequest: auth }
app.get('/api/auth/profile', profile, async (request, reply) => {
  const found = await db.one('SELECT id, name, email, created_at FROM users WHERE id = ?', [request.user.id])
  return found ?? reply.code(404).send({ message: 'User not found' })
})

// The token stays good until it expires: the client is asked to forget it.
app.post('/api/auth/logout', { ...answers(200, { message: text() }), onRequest: auth }, (request, reply) => {
  reply.send({ message: 'Logged out successfully' })
})

function auth(request, reply, done) {
  const token = request.headers.authorization?.split(' ')[1]
  if (!token) {
    return reply.code(401).send({ message: 'No token provided' })
  }
  try {
    request.user = check(token)
  } catch {
    return reply.code(401).send({ message: 'Invalid or expired token' })
  }
  done()
}

// Fastify writes JSON faster when it knows its shape.
function answers(status, properties) {
  return { schema: { response: { [status]: { type: 'object', properties } } } }
}

function user(more) {
  return { type: 'object', properties: { id: { type: 'integer' }, name: text(), email: text(), ...more } }
}

function text() {
  return { type: 'string' }
}
