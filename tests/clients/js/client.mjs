// `@modelcontextprotocol/client`, the package of 2026, as a client program uses it.
import { Client, StreamableHTTPClientTransport, UnauthorizedError, auth } from "@modelcontextprotocol/client";

export { UnauthorizedError, auth };

export const makeClient = (mode) => new Client({ name: "tests", version: "1" }, { versionNegotiation: { mode } });

export const makeTransport = (url, options) => new StreamableHTTPClientTransport(new URL(url), options);

// The whole query: this package checks the issuer in it (RFC 9207)
export const finish = (transport, query) => transport.finishAuth(query);

export const version = (client, _transport) => client.getNegotiatedProtocolVersion();
