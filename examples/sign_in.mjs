// A client program that is given a server's URL and nothing else: it signs its user in with the browser.
//
//   NODE_EXTRA_CA_CERTS=certs/ca.crt node examples/sign_in.mjs https://localhost:8443/mcp/calculator add '{"a": 1, "b": 2}'
//
// The official SDK finds out where to sign in and for which scopes, registers the program, and refreshes tokens. The
// program brings what the SDK cannot: a place to keep things, a browser, and a listener for the redirect back.
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { Client, StreamableHTTPClientTransport, UnauthorizedError } from "@modelcontextprotocol/client";

const [url, tool, args] = process.argv.slice(2);

// Listens on loopback for the redirect that ends a sign-in (RFC 8252 §7.3); any free port will do
let arrived;
const listener = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, callback);
  const found = pathname === "/callback"; // browsers also ask for a favicon
  response.writeHead(found ? 200 : 404, { Connection: "close" }).end("You may close this page.\n");
  if (found) arrived(searchParams);
}).listen(0, "127.0.0.1");
await once(listener, "listening");
const callback = `http://127.0.0.1:${listener.address().port}/callback`;

function openBrowser(page) {
  console.error(`Sign in here, if no browser opens:\n${page}`);
  const command = process.env.BROWSER ?? { darwin: "open", win32: "explorer" }[process.platform] ?? "xdg-open";
  spawn(command, [String(page)], { stdio: "ignore", detached: true }).on("error", () => {}).unref();
}

/** Everything is forgotten at the end; a program for daily use would keep the client and the tokens in a keyring. */
const kept = {};
const provider = {
  redirectUrl: callback,
  clientMetadata: { client_name: "sign_in.mjs", redirect_uris: [callback] },
  state: () => (kept.state = randomUUID()),
  clientInformation: () => kept.client,
  saveClientInformation: (client) => (kept.client = client),
  tokens: () => kept.tokens,
  saveTokens: (tokens) => (kept.tokens = tokens),
  codeVerifier: () => kept.verifier,
  saveCodeVerifier: (verifier) => (kept.verifier = verifier),
  discoveryState: () => kept.discovered,
  saveDiscoveryState: (discovered) => (kept.discovered = discovered),
  redirectToAuthorization(page) {
    kept.answer = new Promise((resolve) => (arrived = resolve));
    openBrowser(page);
  },
};

/** Connect, list the tools, call one. */
async function converse(transport) {
  const client = new Client({ name: "sign_in.mjs", version: "1" }, { versionNegotiation: { mode: "auto" } });
  await client.connect(transport);
  const { tools } = await client.listTools();
  console.log("tools:", tools.map(({ name }) => name).join(", "));
  const { content } = await client.callTool({ name: tool, arguments: JSON.parse(args) });
  console.log(`${tool}:`, ...content.filter(({ type }) => type === "text").map(({ text }) => text));
  await client.close();
}

/** Do it, and again once the user is back where the SDK sent them to sign in: for a token, and perhaps for more scopes. */
async function signingIn(attempt, signIns = 2) {
  const transport = new StreamableHTTPClientTransport(new URL(url), { authProvider: provider });
  try {
    return await attempt(transport);
  } catch (error) {
    if (!(error instanceof UnauthorizedError) || signIns === 0) throw error;
    const query = await kept.answer;
    if (query.get("state") !== kept.state) throw new Error("the redirect carries another state", { cause: error });
    await transport.finishAuth(query); // the whole query: the SDK checks the issuer in it (RFC 9207)
    return signingIn(attempt, signIns - 1);
  }
}

await signingIn(converse);
listener.close();
