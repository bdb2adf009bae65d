// What a TypeScript project does with the package, and what its compiler must not let pass. Never run.
import { BullaError, createClient, memoryStorage, seal, webStorage } from "@bulla/client";
import type { ChangeReason, Client, ErrorCode, SealingKey } from "@bulla/client";
import type { Session, SessionStorage, StoredSession, User } from "@bulla/client";
import { seal as sealAlone } from "@bulla/client/seal";

const client: Client = createClient("https://auth.example.com", {
  storage: webStorage(localStorage, "auth"),
  fetch: globalThis.fetch,
  timeoutSeconds: 5,
});
createClient(new URL("https://auth.example.com"), { storage: memoryStorage() });
const file: SessionStorage = {
  get: async (): Promise<StoredSession | null> => null,
  set: async (session) => console.log(session.refresh_token, session.expires_at + 1),
  remove: async () => {},
};
createClient("/", { storage: file });

export async function everything(document: SealingKey): Promise<void> {
  const user: User = await client.register({ name: "Ada", email: "ada@example.com", password: "…" });
  await client.login({ email: user.email, password: "…" });
  const restored: User | null = await client.restore();
  const named: string = (await client.updateProfile({ name: restored?.name ?? "" })).name;
  await client.changePassword({ currentPassword: named, newPassword: "…" });
  const sessions: Session[] = await client.sessions();
  for (const session of sessions) if (!session.current) await client.endSession(session.id);
  const token: string | null = await client.accessToken();
  const response: Response = await client.fetch("https://api.example.com", { method: "POST", body: token });
  const listener = (user: User | null, reason: ChangeReason) => console.log(user, reason, response.ok);
  const stop: () => void = client.onChange(listener);
  stop();
  await client.endAllSessions();
  await client.logout();
  client.close();
  const envelope: string = await seal(document, "…", { purpose: "login", email: user.email });
  await sealAlone(document, envelope, { purpose: "new_password", email: user.email });
}

export function explain(error: unknown): string {
  if (!(error instanceof BullaError)) throw error;
  const code: ErrorCode = "invalid_credentials";
  const seconds: number | null = error.retryAfterSeconds;
  if (error.code === code && error.status === 401) return error.message;
  return `${error.errors.map((field) => field.pointer + field.detail).join()} ${seconds} ${error.requestId}`;
}

// @ts-expect-error a password is needed
client.login({ email: "ada@example.com" });
// @ts-expect-error user is null before a login
client.user.name;
// @ts-expect-error user is for reading
client.user = null;
// @ts-expect-error there is no such purpose
seal({} as SealingKey, "…", { purpose: "reset", email: "" });
// @ts-expect-error there is no such option
createClient("/", { timeout: 5 });
// @ts-expect-error a storage needs all three
createClient("/", { storage: { get: () => null } });
// @ts-expect-error there is no such code
export const unknown: ErrorCode = "out_of_order";
// @ts-expect-error only seal is there
export { createClient as nothing } from "@bulla/client/seal";
