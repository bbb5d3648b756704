// `@modelcontextprotocol/sdk`, the one package of before 2026, as a client program uses it.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { UnauthorizedError, auth } from "@modelcontextprotocol/sdk/client/auth.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

export { UnauthorizedError, auth };

export const makeClient = (_mode) => new Client({ name: "tests", version: "1" });

export const makeTransport = (url, options) => new StreamableHTTPClientTransport(new URL(url), options);

export const finish = (transport, query) => transport.finishAuth(query.get("code"));

export const version = (_client, transport) => transport.protocolVersion;
