// A client program: it knows a server's URL, and signs its user in when the server asks for it.
//
//   node program.mjs sdk|client URL '{"mode": …, "metadata": …, "scope": …, "calls": [["tool", {…}], …]}'
//
// It prints one JSON object: what it learned, what each call brought, and every request that was made for it.
import { MemoryProvider } from "./provider.mjs";
import { recordingFetch, seen } from "./recorder.mjs";
import { User } from "./user.mjs";

const [kind, url, asked] = process.argv.slice(2);
const { mode = "legacy", metadata = {}, scope, calls = [] } = JSON.parse(asked);
const { UnauthorizedError, auth, finish, makeClient, makeTransport, version } = await import(`./${kind}.mjs`);

const user = new User();
await user.listen();
const provider = new MemoryProvider(user, metadata);

function freshTransport() {
  return makeTransport(url, { authProvider: provider, fetch: recordingFetch });
}

/** Do it; where the server sends the user to sign in, do it again once they have. */
async function signingIn(transport, attempt) {
  try {
    return await attempt();
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error;
    await finish(transport, await provider.callback());
    return null;
  }
}

/** Ask for these scopes before the server asks for its own. */
async function signInFirst() {
  await auth(provider, { serverUrl: url, scope, fetchFn: recordingFetch });
  await finish(freshTransport(), await provider.callback());
}

async function connect() {
  for (let attempts = 0; attempts < 2; attempts += 1) {
    const [client, transport] = [makeClient(mode), freshTransport()];
    if (await signingIn(transport, async () => (await client.connect(transport), true))) return [client, transport];
  }
  throw new Error("still not signed in");
}

async function call(client, transport, [name, args]) {
  const attempt = () => client.callTool({ name, arguments: args });
  try {
    return (await signingIn(transport, attempt)) ?? (await attempt());
  } catch (error) {
    return { refused: { name: error.constructor.name, message: error.message, code: error.code ?? null } };
  }
}

if (scope) await signInFirst();
const [client, transport] = await connect();
const { tools } = await client.listTools();
const results = [];
for (const one of calls) results.push(await call(client, transport, one));

console.log(
  JSON.stringify({
    version: version(client, transport) ?? null,
    server: client.getServerVersion() ?? null,
    tools: tools.map((tool) => tool.name),
    results,
    asked: user.asked,
    client: { ...provider.client, client_secret: undefined, registration_access_token: undefined },
    requests: seen,
  }),
);
await client.close();
user.close();
