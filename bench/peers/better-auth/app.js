import { Hono } from 'hono'
import { auth } from './auth.js'

const app = new Hono()
export default app

app.all('/api/auth/*', (context) => auth.handler(context.req.raw))

// How a service asks Better Auth in its own process, which is faster than /api/auth/get-session: it needs no router.
app.get('/api/verify', (context) => answer(context, {}))

app.get('/api/profile', (context) => answer(context, { disableCookieCache: true }))

async function answer(context, query) {
  const session = await auth.api.getSession({ headers: context.req.raw.headers, query })
  return session ? context.json(session.user) : context.json({ message: 'Unauthorized' }, 401)
}
